#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace muster {

/// A queue between threads.
template <typename T>
class Channel {
 public:
  void push(T item) {
    {
      std::lock_guard lock(mutex_);
      items_.push_back(std::move(item));
    }
    ready_.notify_one();
  }

  /// Waits until there is something, and takes all that there is.
  std::deque<T> pop_all() {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [this] { return !items_.empty(); });
    return std::exchange(items_, {});
  }

 private:
  std::mutex mutex_;  ///< guards items_
  std::condition_variable ready_;
  std::deque<T> items_;
};

}  // namespace muster
