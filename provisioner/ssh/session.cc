#include "provisioner/ssh/session.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "provisioner/ssh/exchange.h"
#include "provisioner/ssh/link.h"
#include "provisioner/ssh/tcp.h"

namespace muster {

namespace {

constexpr std::size_t kFilePiece = 256 << 10;

}  // namespace

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

RemoteResult Session::send_file(const std::filesystem::path& file, const std::string& command,
                                std::chrono::milliseconds deadline) {
  auto failed = [&] {
    return Error("cannot read '" + file.string() + "': " + std::strerror(errno));
  };
  Descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (opened.fd() < 0) throw failed();
  std::vector<char> buffer(kFilePiece);
  auto more = [&]() -> std::string_view {
    for (;;) {
      auto count = ::read(opened.fd(), buffer.data(), buffer.size());
      if (count >= 0) return {buffer.data(), static_cast<std::size_t>(count)};
      if (errno != EINTR) throw failed();
    }
  };
  return Exchange(state_->link, nullptr).run(command, {{}, more}, deadline);
}

const std::string& Session::host_key() const { return state_->link.host_key(); }

}  // namespace muster
