#include "provisioner/ssh/session.h"

#include "provisioner/ssh/exchange.h"
#include "provisioner/ssh/link.h"

namespace muster {

struct Session::State {
  Link link;
};

Session::Session(const Endpoint& endpoint, const SshOptions& options)
    : state_(new State{{endpoint, options}}) {}

Session::~Session() = default;

RemoteResult Session::run(const std::string& command, std::string_view input,
                          std::chrono::milliseconds deadline,
                          const std::function<void(std::string_view)>& on_output) {
  return Exchange(state_->link, on_output).run(command, {input, nullptr}, deadline);
}

RemoteResult Session::send(const std::string& command, std::string_view head,
                           const std::function<std::string_view()>& more,
                           std::chrono::milliseconds deadline) {
  return Exchange(state_->link, nullptr).run(command, {head, more}, deadline);
}

const std::string& Session::host_key() const { return state_->link.host_key(); }

}  // namespace muster
