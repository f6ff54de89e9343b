#include "provisioner/base/fibers.h"

#include <cxxabi.h>
#include <poll.h>

#include <cerrno>
#include <condition_variable>
#include <exception>
#include <system_error>
#include <thread>
#include <utility>  // Boost 1.74's asio forgets it
#include <vector>

#include <boost/asio.hpp>
#include <boost/context/fiber.hpp>
#include <boost/context/protected_fixedsize_stack.hpp>

#include "provisioner/base/error.h"
#include "provisioner/base/fiber_sanitizers.h"

namespace muster {

namespace asio = boost::asio;
namespace context = boost::context;

namespace {

/// libssh keeps buffers of 16 KiB and more on the stack; pages that nobody touches cost nothing.
constexpr std::size_t kStack = 256 << 10;

/// Threads for what blocks, started when all others are busy.
class BlockingThreads {
 public:
  explicit BlockingThreads(int most) : most_(most) {}

  /// Throws Error when nobody can do it; it is not done then.
  void run(std::function<void()> work) {
    std::lock_guard lock(mutex_);
    auto started = static_cast<int>(threads_.size());
    if (idle_ <= static_cast<int>(jobs_.size()) && started < most_) start_thread();
    jobs_.push_back(std::move(work));
    ready_.notify_one();
  }

 private:
  void start_thread() {
    try {
      threads_.reserve(static_cast<std::size_t>(most_));
      threads_.emplace_back([this](const std::stop_token& stop) { serve(stop); });
    } catch (const std::system_error& failure) {
      // Those that are there do it when they are free.
      if (!threads_.empty()) return;
      throw Error(std::string("cannot start a thread: ") + failure.code().message())
          .hint("raise the limits of processes and memory, or do less at a time (--parallel)");
    }
  }

  void serve(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    for (;;) {
      ++idle_;
      bool more = ready_.wait(lock, stop, [this] { return !jobs_.empty(); });
      --idle_;
      if (!more) return;
      auto work = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      work();
      work = nullptr;
      lock.lock();
    }
  }

  std::mutex mutex_;  ///< guards all but most_
  std::condition_variable_any ready_;
  std::deque<std::function<void()>> jobs_;
  int most_;
  int idle_ = 0;
  std::vector<std::jthread> threads_;  ///< last: they end before what they use
};

/// One task on its thread.
struct Fiber {
  asio::io_context& io;
  BlockingThreads& blocking;
  std::function<void()> task;
  context::fiber own;     ///< where it goes on, while it waits
  context::fiber thread;  ///< where its thread goes on, while it runs
  FiberSanitizers sanitizers;
};

/// Allocates a fiber's stack with a page below it that nobody may touch.
struct Stack {
  Fiber& fiber;
  context::protected_fixedsize_stack pages{kStack};

  context::stack_context allocate() {
    auto stack = pages.allocate();
    fiber.sanitizers.set_stack(static_cast<char*>(stack.sp) - stack.size, stack.size);
    return stack;
  }
  void deallocate(context::stack_context& stack) { pages.deallocate(stack); }
};

thread_local Fiber* current = nullptr;

/// The exceptions that are being handled belong to a stack, but the compiler's runtime keeps them
/// by thread: a fiber that waits in a catch block takes them along.
struct HandledExceptions {
  void* caught = nullptr;
  unsigned int uncaught = 0;

  static HandledExceptions& here() {
    return *reinterpret_cast<HandledExceptions*>(abi::__cxa_get_globals());
  }
};

/// On the fiber's thread: lets it run until it waits or ends. Returns whether it goes on later.
bool resume(Fiber& fiber) {
  current = &fiber;
  fiber.sanitizers.enter();
  fiber.own = std::move(fiber.own).resume();
  fiber.sanitizers.left();
  current = nullptr;
  return static_cast<bool>(fiber.own);
}

void resume_or_end(Fiber* fiber) {
  if (!resume(*fiber)) delete fiber;
}

/// In the fiber: waits until somebody resumes it.
void suspend(Fiber& fiber) {
  auto handled = std::exchange(HandledExceptions::here(), {});
  fiber.sanitizers.leave();
  fiber.thread = std::move(fiber.thread).resume();
  fiber.sanitizers.entered();
  HandledExceptions::here() = handled;
}

/// Waits of one fiber of which the first to end cancels the rest; it goes on when all have ended.
class FirstOf {
 public:
  explicit FirstOf(Fiber& fiber) : fiber_(fiber) {}

  template <typename Cancel>
  auto one(bool& happened, Cancel cancel) {
    ++open_;
    return [this, &happened, cancel](const boost::system::error_code& error) {
      if (!error) happened = true;
      if (--open_ == 0) {
        resume_or_end(&fiber_);
      } else {
        cancel();
      }
    };
  }

  void wait() { suspend(fiber_); }

 private:
  Fiber& fiber_;
  int open_ = 0;
};

bool block_for_descriptor(int fd, bool to_read, bool to_write, const Deadline& deadline) {
  pollfd waiting{fd, static_cast<short>((to_read ? POLLIN : 0) | (to_write ? POLLOUT : 0)), 0};
  for (;;) {
    int ready = ::poll(&waiting, 1, static_cast<int>(deadline.left().count()));
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

void block_for(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, time, [] { return false; });
}

}  // namespace

struct Fibers::State {
  explicit State(int threads, int blocking_threads) : blocking(blocking_threads) {
    for (int i = 0; i < threads; ++i) loops.push_back(std::make_unique<Loop>());
  }

  struct Loop {
    asio::io_context io{1};
    asio::executor_work_guard<asio::io_context::executor_type> open{io.get_executor()};
    std::jthread thread{[this] { io.run(); }};
  };

  BlockingThreads blocking;
  std::mutex mutex;  ///< guards running
  std::condition_variable ended;
  std::size_t running = 0;
  std::vector<std::unique_ptr<Loop>> loops;  ///< last: their threads end before what they use
};

Fibers::Fibers(int threads, int blocking) : state_(std::make_unique<State>(threads, blocking)) {}

Fibers::~Fibers() {
  std::unique_lock lock(state_->mutex);
  state_->ended.wait(lock, [this] { return state_->running == 0; });
  lock.unlock();
  for (auto& loop : state_->loops) loop->open.reset();
}

void Fibers::start(std::size_t key, std::function<void()> task) {
  auto& io = state_->loops[key % state_->loops.size()]->io;
  {
    std::lock_guard lock(state_->mutex);
    ++state_->running;
  }
  asio::post(io, [this, &io, task = std::move(task)]() mutable {
    auto* fiber = new Fiber{io, state_->blocking, std::move(task), {}, {}, {}};
    fiber->own =
        context::fiber(std::allocator_arg, Stack{*fiber}, [this, fiber](context::fiber&& thread) {
          fiber->thread = std::move(thread);
          fiber->sanitizers.entered();
          fiber->task();
          fiber->task = nullptr;
          {
            std::lock_guard lock(state_->mutex);
            if (--state_->running == 0) state_->ended.notify_all();
          }
          fiber->sanitizers.end();
          return std::move(fiber->thread);
        });
    resume_or_end(fiber);
  });
}

bool wait_for_descriptor(int fd, bool to_read, bool to_write, const Deadline& deadline) {
  if (current == nullptr || deadline.passed()) {
    return block_for_descriptor(fd, to_read, to_write, deadline);
  }
  using Descriptor = asio::posix::stream_descriptor;
  auto& fiber = *current;
  bool ready = false;
  bool late = false;
  Descriptor descriptor(fiber.io, fd);
  asio::steady_timer timer(fiber.io, deadline.left());
  FirstOf first(fiber);
  auto cancel = [&] {
    boost::system::error_code ignored;
    descriptor.cancel(ignored);
    timer.cancel(ignored);
  };
  if (to_read) descriptor.async_wait(Descriptor::wait_read, first.one(ready, cancel));
  if (to_write) descriptor.async_wait(Descriptor::wait_write, first.one(ready, cancel));
  timer.async_wait(first.one(late, cancel));
  first.wait();
  descriptor.release();
  return ready;
}

void pause_for(std::chrono::milliseconds time, const std::stop_token& stop) {
  if (current == nullptr) return block_for(time, stop);
  auto& fiber = *current;
  auto timer = std::make_shared<asio::steady_timer>(fiber.io, time);
  // From any thread, and perhaps when the pause is over.
  std::stop_callback cancel(stop, [timer, &io = fiber.io] {
    asio::post(io, [timer] {
      boost::system::error_code ignored;
      timer->cancel(ignored);
    });
  });
  if (stop.stop_requested()) return;
  timer->async_wait([&](const boost::system::error_code&) { resume_or_end(&fiber); });
  suspend(fiber);
}

void run_blocking(const std::function<void()>& work) {
  if (current == nullptr) return work();
  std::exception_ptr thrown;
  Signal done;
  current->blocking.run([&] {
    try {
      work();
    } catch (...) {
      thrown = std::current_exception();
    }
    done.notify();
  });
  done.wait();
  if (thrown) std::rethrow_exception(thrown);
}

struct Signal::State {
  Fiber* fiber = current;  ///< null: a thread waits
  bool told = false;       ///< of a fiber: touched on its thread only
  bool waiting = false;
  std::mutex mutex;  ///< guards `told` of a thread
  std::condition_variable tell;
};

Signal::Signal() : state_(std::make_shared<State>()) {}
Signal::~Signal() = default;

void Signal::wait() {
  auto& state = *state_;
  if (state.fiber == nullptr) {
    std::unique_lock lock(state.mutex);
    state.tell.wait(lock, [&] { return state.told; });
    return;
  }
  if (state.told) return;
  state.waiting = true;
  suspend(*state.fiber);
}

void Signal::notify() {
  auto state = state_;  // the waiter may be gone as soon as it is told
  if (state->fiber == nullptr) {
    std::lock_guard lock(state->mutex);
    state->told = true;
    state->tell.notify_all();
    return;
  }
  auto& io = state->fiber->io;
  asio::post(io, [state = std::move(state)] {
    state->told = true;
    if (state->waiting) resume_or_end(state->fiber);
  });
}

Turnstile::Pass Turnstile::enter(const std::string& key) {
  std::unique_lock lock(mutex_);
  if (inside_ < limit_ && waiting_.empty()) {
    ++inside_;
    last_ = key;
    return Pass(*this);
  }
  Signal turn;
  waiting_[key].push_back(&turn);
  lock.unlock();
  turn.wait();
  return Pass(*this);
}

int Turnstile::limit() const {
  std::lock_guard lock(mutex_);
  return limit_;
}

void Turnstile::set_limit(int limit) {
  std::lock_guard lock(mutex_);
  limit_ = std::max(1, limit);
  let_in();
}

void Turnstile::leave() {
  std::lock_guard lock(mutex_);
  --inside_;
  let_in();
}

void Turnstile::let_in() {
  while (inside_ < limit_ && !waiting_.empty()) {
    auto next = waiting_.upper_bound(last_);
    if (next == waiting_.end()) next = waiting_.begin();
    last_ = next->first;
    auto* turn = next->second.front();
    next->second.pop_front();
    if (next->second.empty()) waiting_.erase(next);
    ++inside_;
    turn->notify();
  }
}

}  // namespace muster
