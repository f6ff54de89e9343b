#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>

#include "provisioner/base/clock.h"

namespace muster {

/// A few threads that do many things at once: each task is a fiber, with a stack of its own, that
/// leaves its thread to the others while it waits. It may wait only with the calls below; what
/// blocks otherwise (a mutex held across a wait, a sleep, a child process) belongs in run_blocking.
class Fibers {
 public:
  /// `threads` run the fibers, about one for each core; up to `blocking` more are started when
  /// run_blocking needs them.
  explicit Fibers(int threads, int blocking = 16);
  /// Waits until every fiber has ended.
  ~Fibers();
  Fibers(const Fibers&) = delete;
  Fibers& operator=(const Fibers&) = delete;

  /// Runs `task`, which must not throw, in a fiber. Tasks with the same key share a thread, so
  /// that they may share what only one thread may use. Any thread may call it.
  void start(std::size_t key, std::function<void()> task);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// In a fiber these leave the thread to other fibers while they wait; elsewhere they block it.

/// True once the descriptor can be read (or written, when that is asked for too), false at the
/// deadline.
bool wait_for_descriptor(int fd, bool to_read, bool to_write, const Deadline& deadline);

/// Until the time has passed or `stop` is requested.
void pause_for(std::chrono::milliseconds time, const std::stop_token& stop = {});

/// Runs `work` on a thread where it may block, and returns when it is done; what it throws is
/// thrown here.
void run_blocking(const std::function<void()>& work);

/// One thing that one fiber (or thread) waits for and another one, on any thread, tells it.
class Signal {
 public:
  Signal();
  ~Signal();
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  /// Until `notify` was called.
  void wait();
  /// Once, and before the Signal is gone.
  void notify();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Lets so many through at a time. Those who wait are served in turns by key (a deployment, say),
/// each key's in the order in which they came: many of one key do not keep out the few of another.
class Turnstile {
 public:
  explicit Turnstile(int limit) : limit_(limit) {}

  /// Being through; ends with the object.
  class Pass {
   public:
    explicit Pass(Turnstile& of) : turnstile_(&of) {}
    ~Pass() {
      if (turnstile_ != nullptr) turnstile_->leave();
    }
    Pass(Pass&& other) noexcept : turnstile_(std::exchange(other.turnstile_, nullptr)) {}
    Pass& operator=(Pass&&) = delete;

   private:
    Turnstile* turnstile_;
  };

  /// Waits until there is room.
  Pass enter(const std::string& key);
  int limit() const;
  /// At least 1. Those who are through stay.
  void set_limit(int limit);

 private:
  void leave();
  void let_in();

  mutable std::mutex mutex_;  ///< guards all below
  int limit_;
  int inside_ = 0;
  std::map<std::string, std::deque<Signal*>> waiting_;
  std::string last_;  ///< the key that was served last
};

}  // namespace muster
