#pragma once

#include <chrono>
#include <stop_token>

namespace muster {

/// Pauses between tries: each twice as long as the one before, up to a most, and each shortened by
/// a random part, so that many who failed at once do not all come back at once.
class Backoff {
 public:
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds most)
      : next_(first), most_(most) {}

  /// The next pause: between half of it and all of it.
  std::chrono::milliseconds next();

  /// Waits for the next pause, or until `stop`.
  void wait(const std::stop_token& stop);

 private:
  std::chrono::milliseconds next_;
  std::chrono::milliseconds most_;
};

}  // namespace muster
