#pragma once

#include <libssh/callbacks.h>
#include <libssh/libssh.h>

#include <list>
#include <memory>

#include "tests/simulator/channel.h"
#include "tests/simulator/wire.h"
#include "tests/simulator/world.h"

namespace muster::simulator {

/// The server's side of one SSH connection to a simulated node.
class Connection : public Watcher, public std::enable_shared_from_this<Connection> {
 public:
  Connection(World& world, SimulatedNode& node);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Takes the accepted TCP connection, and plays the wire that leads to it.
  void start(int fd);
  void on_ready() override { pump(); }
  /// Frees the session. Twice is fine.
  void end();

 private:
  struct SessionFree {
    void operator()(ssh_session_struct* session) const { ssh_free(session); }
  };
  struct EventFree {
    void operator()(ssh_event_struct* event) const { ssh_event_free(event); }
  };

  Wire wire() const;
  void cut_some_time();
  void cut();
  bool begin();
  void set_callbacks();
  int check_key(ssh_key key, char state);
  ssh_channel open_channel();
  void pump();
  bool read_and_write();
  bool serve_channels();
  void pump_soon();
  void count_bytes();

  World& world_;
  SimulatedNode& node_;
  int fd_ = -1;  ///< libssh's: the TCP connection, or the relay's other end
  std::unique_ptr<ssh_session_struct, SessionFree> session_;
  std::unique_ptr<ssh_event_struct, EventFree> event_;
  ssh_server_callbacks_struct callbacks_{};
  ssh_counter_struct counter_{};
  std::list<std::shared_ptr<Channel>> channels_;
  std::weak_ptr<Relay> relay_;
  Loop::Clock::time_point began_ = Loop::Clock::now();
  bool logged_in_ = false;
  bool pumping_soon_ = false;
  bool ended_ = false;
};

}  // namespace muster::simulator
