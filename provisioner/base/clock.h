#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace muster {

/// The time, as a seam: tests use a clock that they move themselves.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Milliseconds since the Unix epoch.
  virtual std::int64_t wall_ms() const = 0;
  /// Milliseconds that only grow; for durations and deadlines.
  virtual std::int64_t steady_ms() const = 0;
};

class RealClock : public Clock {
 public:
  std::int64_t wall_ms() const override;
  std::int64_t steady_ms() const override;
};

/// "2026-01-31T12:34:56.789Z".
std::string format_time(std::int64_t wall_ms);

/// Ends a wait: every wait in muster has one.
class Deadline {
 public:
  explicit Deadline(std::chrono::milliseconds in) : at_(std::chrono::steady_clock::now() + in) {}
  bool passed() const { return std::chrono::steady_clock::now() >= at_; }
  std::chrono::milliseconds left() const {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        at_ - std::chrono::steady_clock::now());
    return left.count() > 0 ? left : std::chrono::milliseconds{0};
  }

 private:
  std::chrono::steady_clock::time_point at_;
};

}  // namespace muster
