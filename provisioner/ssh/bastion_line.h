#pragma once

#include <libssh/callbacks.h>

#include <atomic>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "provisioner/base/fibers.h"
#include "provisioner/ssh/bastion.h"
#include "provisioner/ssh/link.h"

namespace muster {

/// One session with a bastion, and the connections that go through it. `serve` is the fiber that
/// alone touches the session; others hand it their wishes.
class BastionLine {
 public:
  BastionLine(Endpoint bastion, SshOptions options, KnownBastions& known);
  ~BastionLine();
  BastionLine(const BastionLine&) = delete;
  BastionLine& operator=(const BastionLine&) = delete;

  /// Until `stop`, or until the session is lost; then all that goes through is cut.
  void serve();
  void stop();
  bool ended() const { return ended_; }

  /// Returns when the bastion has connected to host and port; `far` is then that connection.
  /// Throws ConnectionLost when it cannot, and what logging in to the bastion threw.
  void forward(const std::string& host, int port, Descriptor far, const Deadline& deadline);

 private:
  /// Somebody waits for a connection.
  struct Wish {
    std::string host;
    int port;
    Descriptor far;
    Deadline deadline;
    Signal told;
    std::exception_ptr failure;
  };

  /// A connection through the bastion.
  struct Forward {
    BastionLine* line;
    Descriptor socket;
    ssh_channel channel;
    ssh_channel_callbacks_struct callbacks{};
    Wish* wish;                   ///< null once it is open
    std::string rest;             ///< taken from libssh, and not yet by the socket
    bool wants_to_write = false;  ///< there is more for the socket
    bool ended = false;           ///< the node sends no more
    bool closed = false;
  };
  using Forwards = std::list<Forward>;

  void log_in();
  /// Its host key is to be the same from now on.
  void trust(const std::string& place, const std::string& expected);
  void converse();
  void take_wishes();
  void begin(Wish& wish);
  void open(Forward& forward);
  void tell(Forward& forward, std::exception_ptr failure);
  void watch(Forward& forward, bool to_read);
  std::size_t to_socket(Forward& forward, std::string_view bytes);
  void from_socket(Forward& forward);
  void write_rest(Forward& forward);
  void remove_closed();
  void fail_all(std::exception_ptr failure);
  bool can_send(const Forward& forward) const;
  void wake() const;

  Endpoint bastion_;
  SshOptions options_;
  KnownBastions& known_;
  Descriptor events_;  ///< epoll: the session's socket, the forwards', and wake_
  Descriptor wake_;    ///< eventfd
  std::optional<Link> link_;
  Forwards forwards_;
  std::atomic<bool> ended_ = false;
  std::mutex mutex_;            ///< guards all below
  std::exception_ptr failure_;  ///< why it ended
  std::deque<Wish*> wishes_;
  bool stopping_ = false;
};

}  // namespace muster
