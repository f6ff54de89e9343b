#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "provisioner/base/clock.h"
#include "provisioner/base/fibers.h"
#include "provisioner/ssh/session.h"
#include "provisioner/ssh/tcp.h"

namespace muster {

class BastionLine;

/// The host keys of bastions that were seen before. Any thread may ask, where it may block.
class KnownBastions {
 public:
  virtual ~KnownBastions() = default;
  /// "ssh-ed25519 AAAA..."; empty for one that was never seen. `place` is its place_of.
  virtual std::string key_of(const std::string& place) = 0;
  /// From now on this is its key. False, and nothing is changed, when what is known is no longer
  /// `before`.
  virtual bool put(const std::string& place, const std::string& key, const std::string& before) = 0;
};

/// Ways to nodes that are reached through another machine: one session with each bastion carries
/// the connections to all nodes behind it, without a process or a thread for any. Any thread may
/// ask. What goes through is SSH itself, so a bastion reads nothing of it.
class Bastions {
 public:
  /// `fibers` outlives it.
  explicit Bastions(Fibers& fibers);
  /// Ends the sessions; what goes through them is cut.
  ~Bastions();
  Bastions(const Bastions&) = delete;
  Bastions& operator=(const Bastions&) = delete;

  /// Where the host keys of bastions are kept from now on; it outlives this. Without it they are
  /// remembered as long as this lives.
  void remember_in(KnownBastions& known) { known_ = &known; }

  /// The near end of a connection that the bastion makes to the endpoint. `options` log in to the
  /// bastion, whose name is endpoint.bastion. Throws ConnectionLost, and Error when the bastion
  /// refuses us for good.
  Descriptor connect(const Endpoint& endpoint, const SshOptions& options, const Deadline& deadline);

 private:
  std::shared_ptr<BastionLine> line_to(const std::string& bastion, const SshOptions& options);

  Fibers& fibers_;
  std::unique_ptr<KnownBastions> own_;
  KnownBastions* known_;
  std::mutex mutex_;  ///< guards lines_
  std::map<std::string, std::shared_ptr<BastionLine>> lines_;
};

}  // namespace muster
