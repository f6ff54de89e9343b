#pragma once

#include <libssh/libssh.h>
#include <libssh/server.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tests/simulator/canned.h"
#include "tests/simulator/loop.h"
#include "tests/simulator/options.h"
#include "tests/simulator/shell.h"

namespace muster::simulator {

/// What happened since the start; any thread may read it.
struct Counters {
  std::atomic<std::uint64_t> accepted = 0;
  std::atomic<std::uint64_t> authenticated = 0;
  std::atomic<std::uint64_t> rejected = 0;  ///< logins with a key that is not known
  std::atomic<std::uint64_t> refused = 0;   ///< dropped before the banner
  std::atomic<std::uint64_t> cut = 0;
  std::atomic<std::uint64_t> open = 0;
  std::atomic<std::uint64_t> most_open = 0;
  std::atomic<std::uint64_t> facts = 0;
  std::atomic<std::uint64_t> scripts = 0;
  std::atomic<std::uint64_t> other_commands = 0;
  std::atomic<std::uint64_t> tasks = 0;
  /// Of all connections together: from their start to the login, and from there to the end of the
  /// last command so far.
  std::atomic<std::uint64_t> setup_us = 0;
  std::atomic<std::uint64_t> work_us = 0;
  std::atomic<std::uint64_t> bytes_in = 0;  ///< of SSH, as the nodes got it
  std::atomic<std::uint64_t> bytes_out = 0;
};

class Connection;

struct KeyFree {
  void operator()(ssh_key_struct* key) const { ssh_key_free(key); }
};
using KeyPtr = std::unique_ptr<ssh_key_struct, KeyFree>;

/// What the connections of a simulation share. Only the loop's thread changes it.
struct World {
  explicit World(const SimulatorOptions& chosen)
      : options(chosen), random(chosen.seed), shells(loop, chosen.max_processes) {}

  bool happens(double percent) {
    return std::uniform_real_distribution<double>(0, 100)(random) < percent;
  }
  /// Microseconds since this was last asked of the node.
  static std::uint64_t lap_us(SimulatedNode& node) {
    auto now = Loop::Clock::now();
    auto lap = now - std::exchange(node.lap, now);
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(lap).count());
  }
  /// Where the node's scripts have their things; made when first asked for.
  std::string folder_of(SimulatedNode& node);

  SimulatorOptions options;
  std::mt19937_64 random;
  Counters counters;
  std::vector<SimulatedNode> nodes;
  std::vector<KeyPtr> authorized;
  ssh_bind bind = nullptr;
  std::string folder;  ///< for --answer sh
  Loop loop;
  Shells shells;
  std::unordered_map<Connection*, std::shared_ptr<Connection>> connections;
};

}  // namespace muster::simulator
