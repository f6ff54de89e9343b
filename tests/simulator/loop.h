#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <unordered_map>
#include <vector>

namespace muster::simulator {

/// What a descriptor's events are for. It may be called once too often.
class Watcher {
 public:
  virtual ~Watcher() = default;
  /// Something can be read or written since the last call: do all that can be done.
  virtual void on_ready() = 0;
};

/// Waits for descriptors and instants in one thread: the cost of an event is that of the event,
/// however many descriptors are watched.
class Loop {
 public:
  using Clock = std::chrono::steady_clock;

  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Edge-triggered, both directions. Keeps the watcher until forget().
  void watch(int fd, std::shared_ptr<Watcher> watcher);
  /// Before the descriptor is closed, or after; nothing when somebody else watches it by now.
  void forget(int fd, const Watcher* watcher);
  void at(Clock::time_point when, std::function<void()> call);
  void after(Clock::duration time, std::function<void()> call) {
    at(Clock::now() + time, std::move(call));
  }

  /// Until stop(), which any thread may call.
  void run();
  void stop();

 private:
  struct Timer {
    Clock::time_point when;
    std::uint64_t number;  ///< calls for one instant are made in order
    std::function<void()> call;
  };
  struct Later {
    bool operator()(const Timer& a, const Timer& b) const {
      return a.when != b.when ? a.when > b.when : a.number > b.number;
    }
  };

  std::chrono::nanoseconds until_next() const;
  void call_due();

  int epoll_;
  int wake_;
  std::atomic<bool> stopped_ = false;
  std::uint64_t timers_made_ = 0;
  std::unordered_map<int, std::shared_ptr<Watcher>> watchers_;
  std::priority_queue<Timer, std::vector<Timer>, Later> timers_;
};

}  // namespace muster::simulator
