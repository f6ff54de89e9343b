#pragma once

#include <deque>
#include <memory>
#include <random>
#include <string>

#include "tests/simulator/loop.h"

namespace muster::simulator {

/// How long a network of the simulation takes for what is sent in one direction.
struct Wire {
  Loop::Clock::duration one_way{};
  Loop::Clock::duration jitter{};  ///< at most
  double loss = 0;                 ///< of segments, 0 to 1

  /// For so many bytes sent at once.
  Loop::Clock::duration delay(std::size_t bytes, std::mt19937_64& random) const;
  /// SYN, SYN-ACK and ACK: the server sees the connection then, or its first byte.
  Loop::Clock::duration handshake() const { return 3 * one_way; }
};

/// Carries bytes between a TCP connection and a local socket, each byte as late as the wire has
/// it, in order. It ends when the end of what the inside said has reached the outside.
class Relay : public Watcher, public std::enable_shared_from_this<Relay> {
 public:
  /// Owns both descriptors. Nothing is delivered inside before `begin`.
  Relay(Loop& loop, std::mt19937_64& random, const Wire& wire, int outside, int inside,
        Loop::Clock::time_point begin);
  ~Relay() override;
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  void start();
  /// At once, with a reset.
  void cut();
  void on_ready() override;

 private:
  struct Chunk {
    Loop::Clock::time_point when;
    std::string bytes;  ///< none: the end
  };
  struct Direction {
    int from;
    int to;
    Loop::Clock::time_point last;  ///< nothing is delivered before what was sent before
    std::deque<Chunk> chunks;
    bool ended = false;   ///< nothing more is read
    bool closed = false;  ///< nothing more is delivered
  };

  void take(Direction& direction);
  void keep(Direction& direction, std::string bytes);
  void deliver(Direction& direction);
  void finish();

  Loop& loop_;
  std::mt19937_64& random_;
  Wire wire_;
  Direction in_;
  Direction out_;
  bool finished_ = false;
};

}  // namespace muster::simulator
