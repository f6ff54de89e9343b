#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace muster::simulator {

enum class Answer { sh, canned };

/// What the simulator plays. Percentages are 0 to 100.
struct SimulatorOptions {
  int nodes = 10;
  std::string first_address = "127.64.0.1";  ///< the others follow it, one address a node
  int port = 0;                              ///< 0: any that is free
  std::chrono::milliseconds latency{0};      ///< there and back
  std::chrono::milliseconds jitter{0};       ///< at most, added to each direction
  double loss = 0;                           ///< of TCP segments
  double failure_rate = 0;                   ///< of connections that are cut
  std::chrono::milliseconds failure_within{2'000};
  double refuse_rate = 0;
  int max_startups = 0;  ///< 0: no limit
  double slow = 0;       ///< of nodes
  double slow_factor = 5;
  Answer answer = Answer::canned;
  std::chrono::milliseconds task_time{0};
  int max_processes = 4;
  std::vector<std::string> authorized_keys;  ///< files of public keys
  std::string inventory;                     ///< where the hosts file goes; empty: none
  std::string identity;  ///< the path of the private key that the hosts file names; may be empty
  std::string user = "root";
  std::uint64_t seed = 1;
  bool help = false;

  bool delays() const { return latency.count() > 0 || jitter.count() > 0 || loss > 0; }
};

/// Throws Error (usage) for what it does not understand.
SimulatorOptions parse_simulator_options(const std::vector<std::string>& arguments);
/// What --help prints.
const char* simulator_help();

}  // namespace muster::simulator
