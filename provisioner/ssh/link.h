#pragma once

#include <libssh/callbacks.h>
#include <libssh/libssh.h>

#include <chrono>
#include <memory>
#include <string>

#include "provisioner/base/clock.h"
#include "provisioner/ssh/session.h"
#include "provisioner/ssh/tcp.h"

namespace muster {

template <auto kFree>
struct SshFree {
  template <typename T>
  void operator()(T* pointer) const {
    kFree(pointer);
  }
};
using SessionPtr = std::unique_ptr<ssh_session_struct, SshFree<ssh_free>>;
using EventPtr = std::unique_ptr<ssh_event_struct, SshFree<ssh_event_free>>;
using SshKeyPtr = std::unique_ptr<ssh_key_struct, SshFree<ssh_key_free>>;

/// An authenticated connection whose every wait ends: at a deadline, or when the peer is silent. In
/// a fiber its waits leave the thread to others; it is used on the thread that it was made on.
class Link {
 public:
  /// Connects, checks the host key and logs in.
  Link(const Endpoint& endpoint, const SshOptions& options);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  ssh_session session() const { return session_.get(); }
  const std::string& name() const { return name_; }
  const std::string& host_key() const { return host_key_; }

  /// A channel of the caller's, which may be open already or on its way there.
  ssh_channel take_channel();
  /// Asks for a channel for the next command, whose way there and back need not be waited for then.
  void open_spare();
  /// The node has no room for more than one channel: none is asked for ahead from now on.
  void refuse_spares();

  /// Begins to listen for silence anew, after a time in which nobody did.
  void wake();
  /// Reads and writes what can be, waiting for it until `deadline` at most. Throws ConnectionLost.
  void wait(const Deadline& deadline);
  /// The connection is no longer usable.
  bool broken() const;
  /// What to throw when libssh says that a call failed.
  ConnectionLost lost() const;

  /// Repeats a libssh call that says `again` until it is done or the deadline has passed.
  template <typename Call>
  int finish(Call call, const Deadline& deadline, int again = SSH_AGAIN) {
    int result = call();
    while (result == again && !deadline.passed()) {
      wait(deadline);
      result = call();
    }
    return result;
  }

 private:
  using Clock = std::chrono::steady_clock;

  void configure(const Endpoint& endpoint, const SshOptions& options);
  void handshake(const Endpoint& endpoint, const SshOptions& options, const Deadline& deadline);
  Descriptor connect(const Endpoint& endpoint, const SshOptions& options, const Deadline& deadline);
  void check_host_key(const SshOptions& options);
  HostKeyChanged wrong_key(ssh_key found) const;
  void authenticate(const Endpoint& endpoint, ssh_key key, const Deadline& deadline);
  /// When the peer was last asked or heard; asks, or gives it up, when that is long ago.
  Clock::time_point listen();

  std::string name_;
  std::string host_key_;
  std::string wanted_key_;  ///< as Endpoint::host_key; empty: the user's known_hosts may know it
  bool to_bastion_;
  std::chrono::seconds keepalive_;
  std::chrono::milliseconds connect_deadline_;
  ssh_counter_struct counter_{};
  bool logged_in_ = false;  ///< only then may the peer be asked for signs of life
  std::uint64_t bytes_heard_ = 0;
  Clock::time_point heard_;
  Clock::time_point asked_;
  SessionPtr session_;
  EventPtr event_;
  ssh_channel spare_ = nullptr;  ///< libssh frees it with the session
  bool no_spares_ = false;
};

}  // namespace muster
