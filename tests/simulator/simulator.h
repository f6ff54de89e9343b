#pragma once

#include <memory>
#include <string>

#include "tests/simulator/options.h"
#include "tests/simulator/world.h"

namespace muster::simulator {

/// Plays nodes until it is stopped. All of it runs in the thread that calls run().
class Simulator {
 public:
  /// Listens, and writes the hosts file. Throws Error.
  explicit Simulator(const SimulatorOptions& options);
  ~Simulator();
  Simulator(const Simulator&) = delete;
  Simulator& operator=(const Simulator&) = delete;

  void run() { world_.loop.run(); }
  /// From any thread.
  void stop() { world_.loop.stop(); }

  int port() const { return port_; }
  std::string address(int node) const;
  /// "ssh-ed25519 AAAA...": of every node.
  const std::string& host_key() const { return host_key_; }
  const Counters& counters() const { return world_.counters; }
  /// For what else its program waits for.
  Loop& loop() { return world_.loop; }
  /// The counters as a line of JSON.
  std::string report() const;

 private:
  class Listener;

  void make_host_key();
  void read_authorized_keys();
  void choose_slow_nodes();
  void listen();
  void accept_all();
  void accept(int fd);
  SimulatedNode* node_of(int fd);
  void refuse(int fd);
  void write_inventory() const;

  World world_;
  std::uint32_t first_ = 0;  ///< the first node's address as a number
  int port_ = 0;
  int listener_ = -1;
  std::string host_key_;
};

}  // namespace muster::simulator
