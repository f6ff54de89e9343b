#include "provisioner/operations/joint_run.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "provisioner/base/parallel.h"

namespace muster {

namespace {

using Steady = std::chrono::steady_clock;

/// Where runs wait until all have a plan or none to show, and one answer is given to all.
class JointQuestion {
 public:
  JointQuestion(std::size_t runs, const JointConfirm& confirm)
      : plans_(runs, nullptr), settled_(runs, false), confirm_(confirm) {}

  /// Waits for the others. The first who can puts the question, so that nobody who has none waits
  /// for the answer. `plan` outlives that.
  bool ask(std::size_t run, const Plan& plan) {
    std::unique_lock lock(mutex_);
    plans_[run] = &plan;
    settle(run);
    changed_.wait(lock, [this] { return answer_ || (all_settled() && !asking_); });
    if (!answer_) put(lock);
    return *answer_;
  }

  /// The run has nothing to ask, any more.
  void leave(std::size_t run) {
    std::lock_guard lock(mutex_);
    settle(run);
  }

 private:
  void settle(std::size_t run) {
    settled_[run] = true;
    changed_.notify_all();
  }

  bool all_settled() const {
    return std::ranges::all_of(settled_, [](bool settled) { return settled; });
  }

  void put(std::unique_lock<std::mutex>& lock) {
    std::vector<const Plan*> plans;
    std::ranges::copy_if(plans_, std::back_inserter(plans),
                         [](auto* plan) { return plan != nullptr; });
    asking_ = true;
    lock.unlock();
    bool answer = false;
    try {
      answer = !confirm_ || confirm_(plans);
    } catch (...) {  // nobody could be asked
    }
    lock.lock();
    answer_ = answer;
    changed_.notify_all();
  }

  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::vector<const Plan*> plans_;  // of those who wait for the answer
  std::vector<bool> settled_;
  bool asking_ = false;
  std::optional<bool> answer_;
  const JointConfirm& confirm_;
};

void run_one(const JointTask& task, const RunOptions& options, JointResult& result) {
  const auto began = Steady::now();
  try {
    result.result = task.run(options);
  } catch (const Error& error) {
    result.error = error;
  } catch (const std::exception& error) {
    result.error = Error(std::string("this is a bug: ") + error.what());
  }
  result.ms = std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - began).count();
}

}  // namespace

std::vector<JointResult> run_jointly(const std::vector<JointTask>& tasks, const RunOptions& options,
                                     const JointConfirm& confirm) {
  std::vector<JointResult> results(tasks.size());
  JointQuestion question(tasks.size(), confirm);
  const int share = std::max(1, options.parallel / std::max(1, static_cast<int>(tasks.size())));
  in_parallel(tasks.size(), tasks.size(), [&](std::size_t run) {
    results[run].deployment = tasks[run].deployment;
    auto each = options;
    each.parallel = share;
    each.confirm = [&question, run](const Plan& plan) {
      if (!plan.empty()) return question.ask(run, plan);
      question.leave(run);
      return true;
    };
    run_one(tasks[run], each, results[run]);
    question.leave(run);
  });
  return results;
}

}  // namespace muster
