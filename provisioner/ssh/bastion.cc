#include "provisioner/ssh/bastion.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "inventory/hosts.h"
#include "provisioner/ssh/bastion_line.h"

namespace muster {

namespace {

class KnownInMemory : public KnownBastions {
 public:
  std::string key_of(const std::string& place) override {
    std::lock_guard lock(mutex_);
    return keys_[place];
  }
  bool put(const std::string& place, const std::string& key, const std::string& before) override {
    std::lock_guard lock(mutex_);
    if (keys_[place] != before) return false;
    keys_[place] = key;
    return true;
  }

 private:
  std::mutex mutex_;  ///< guards keys_
  std::map<std::string, std::string> keys_;
};

}  // namespace

Bastions::Bastions(Fibers& fibers)
    : fibers_(fibers), own_(std::make_unique<KnownInMemory>()), known_(own_.get()) {}

Bastions::~Bastions() {
  std::lock_guard lock(mutex_);
  for (auto& [name, line] : lines_) line->stop();
}

std::shared_ptr<BastionLine> Bastions::line_to(const std::string& bastion,
                                               const SshOptions& options) {
  std::lock_guard lock(mutex_);
  // Another key may be another person there.
  auto& line = lines_[bastion + '\n' + options.private_key.reveal()];
  if (!line || line->ended()) {
    auto endpoint = parse_bastion(bastion);
    if (!endpoint) throw Error("'" + bastion + "' is no bastion; write user@host:port");
    line = std::make_shared<BastionLine>(*endpoint, options, *known_);
    fibers_.start(std::hash<std::string>{}(bastion), [line = line] { line->serve(); });
  }
  return line;
}

Descriptor Bastions::connect(const Endpoint& endpoint, const SshOptions& options,
                             const Deadline& deadline) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
    throw Error(std::string("cannot make a socket: ") + std::strerror(errno));
  }
  Descriptor near(ends[0]);
  line_to(endpoint.bastion, options)
      ->forward(endpoint.address, endpoint.port, Descriptor(ends[1]), deadline);
  return near;
}

}  // namespace muster
