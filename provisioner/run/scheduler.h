#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "providers/provider.h"
#include "provisioner/base/clock.h"
#include "provisioner/base/fibers.h"
#include "provisioner/events/event.h"
#include "provisioner/plan/plan.h"

namespace muster {

/// Steps at once when nobody says otherwise: a connection and its memory for each.
inline constexpr int kParallel = 1000;

/// A task that did something.
struct ChangedTask {
  std::string task;
  std::string message;  ///< what it did
  std::int64_t ms = 0;
};

/// How a step ended, with what a person needs when it failed.
struct StepResult {
  Outcome outcome = Outcome::failed;
  std::string task;     ///< the failed task
  std::string command;  ///< what it ran
  int exit_code = 0;
  std::string output;
  std::string message;               ///< one line
  std::vector<ChangedTask> changed;  ///< in order
  std::int64_t ms = 0;               ///< how long it took; the scheduler's to say
  std::optional<ProvidedNode> made;  ///< of a create that ended well
  /// A failure that steps with `despite_failures` heed too: the node is not to be removed like
  /// this.
  bool holds = false;
  std::string host_key;  ///< the node's, when it was seen for the first time and so trusted
  /// Of an undo that ended well: nothing was undone, since the user said that the machine is gone
  /// for good. The role stays on record until the node is off it.
  bool forgotten = false;
};

/// The step_finished of such a step; who says it adds when, and of which step.
Event finished(const StepResult& result);

/// `event` with all that tells of the step.
Event of_step(const Step& step, Event event);

/// Does one step; the seam between the scheduler and the world. Called in fibers, at most once at a
/// time for one node and always on the same thread for it; it waits as base/fibers.h has it. May
/// emit task events through `emit` until it returns, from any thread; the scheduler says in them
/// which step of which deployment they are of. What `run` throws makes the step fail with that
/// message.
class StepRunner {
 public:
  virtual ~StepRunner() = default;
  virtual StepResult run(const Step& step, const std::function<void(Event)>& emit) = 0;
  /// No step of the node is left in this run. On the node's thread; must not throw.
  virtual void release(const std::string& node) { static_cast<void>(node); }
};

/// Journal hooks, called on the scheduler's thread before a step starts and after it ended. When
/// one throws, nothing more is started, and run_plan throws it on once the steps in flight have
/// ended.
class RunJournal {
 public:
  virtual ~RunJournal() = default;
  /// Calls `hooks`, which calls those below, and makes all that they write durable at once. When
  /// that fails, none of the steps begun in it is started.
  virtual void together(const std::function<void()>& hooks) { hooks(); }
  virtual void before(const Step& step) = 0;
  virtual void after(const Step& step, const StepResult& result) = 0;
  /// The step did not start and will not: it was skipped or canceled. Nothing depends on whether
  /// that is kept, so it must not throw.
  virtual void unstarted(const Step& step, Outcome outcome, const std::string& why) {
    static_cast<void>(step), static_cast<void>(outcome), static_cast<void>(why);
  }
};

struct ScheduleOptions {
  int parallel = kParallel;  ///< steps at once
  int max_failures = 0;      ///< after so many nothing more is started; 0: whatever fails
};

struct RunSummary {
  int changed = 0;
  int unchanged = 0;
  int failed = 0;
  int skipped = 0;
  int canceled = 0;
  bool interrupted = false;  ///< by `stop`
  bool gave_up = false;      ///< after max_failures; something was canceled for it
  bool good() const { return failed == 0 && skipped == 0 && canceled == 0 && !interrupted; }
};

/// Runs the plan: ready steps by critical path, the calling thread owns all run state, fibers run
/// one step each and post its completion. A failed step skips what depends on it; the rest goes on.
/// When `stop` is requested, or after `max_failures`, steps in flight finish and the others are
/// canceled. A plan with a cycle is a bug of the caller: see find_cycle.
RunSummary run_plan(const Plan& plan, Fibers& fibers, StepRunner& runner, RunJournal& journal,
                    Reporter& reporter, const Clock& clock, const ScheduleOptions& options,
                    std::stop_token stop);

}  // namespace muster
