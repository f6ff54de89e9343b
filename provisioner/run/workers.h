#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <variant>

#include "provisioner/base/fibers.h"
#include "provisioner/run/channel.h"
#include "provisioner/run/scheduler.h"

namespace muster {

/// What a worker tells the scheduler: something happened in a step, or the step ended.
struct Message {
  int step = 0;
  std::variant<Event, StepResult> content;
};

/// All that is done on a node has this key, so that one thread does it: its connection may be used
/// on that one only.
inline std::size_t thread_key(const std::string& deployment, const std::string& node) {
  return std::hash<std::string>{}(deployment + "/" + node);
}

/// Runs steps, each in a fiber; those of one node on one thread.
class Workers {
 public:
  Workers(Fibers& fibers, const Plan& plan, StepRunner& runner, Channel<Message>& inbox)
      : fibers_(fibers), plan_(plan), runner_(runner), inbox_(inbox) {}

  /// Waits for what it started.
  ~Workers() {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [this] { return running_ == 0; });
  }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  void start(int step) {
    const auto& node = plan_.steps[static_cast<std::size_t>(step)].node;
    work_for(node, [this, step] { inbox_.push({step, run(step)}); });
  }

  /// No step of the node is left.
  void release(const std::string& node) {
    work_for(node, [this, node] { runner_.release(node); });
  }

 private:
  void work_for(const std::string& node, std::function<void()> work) {
    {
      std::lock_guard lock(mutex_);
      ++running_;
    }
    fibers_.start(thread_key(plan_.deployment, node), [this, work = std::move(work)] {
      work();
      std::lock_guard lock(mutex_);
      if (--running_ == 0) ended_.notify_all();
    });
  }

  StepResult run(int step) {
    try {
      return runner_.run(plan_.steps[static_cast<std::size_t>(step)], [this, step](Event event) {
        inbox_.push({step, std::move(event)});
      });
    } catch (const std::exception& error) {
      StepResult failed;
      failed.message = error.what();
      return failed;
    }
  }

  Fibers& fibers_;
  const Plan& plan_;
  StepRunner& runner_;
  Channel<Message>& inbox_;
  std::mutex mutex_;  ///< guards running_
  std::condition_variable ended_;
  int running_ = 0;
};

}  // namespace muster
