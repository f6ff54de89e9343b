#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "provisioner/base/clock.h"
#include "provisioner/plan/plan.h"
#include "provisioner/report/event.h"

namespace muster {

/// How a step ended, with what a person needs when it failed.
struct StepResult {
  Outcome outcome = Outcome::failed;
  std::string task;     ///< the failed task
  std::string command;  ///< what it ran
  int exit_code = 0;
  std::string output;
  std::string message;  ///< one line
};

/// Does one step; the seam between the scheduler and the world. Called from worker threads, at
/// most once at a time for one node. May emit task events through `emit` until it returns, from
/// any thread; the scheduler says in them which step of which deployment they are of. What `run`
/// throws makes the step fail with that message.
class StepRunner {
 public:
  virtual ~StepRunner() = default;
  virtual StepResult run(const Step& step, const std::function<void(Event)>& emit) = 0;
};

/// Journal hooks, called on the scheduler's thread before a step starts and after it ended; never
/// for a step that did not start. When one throws, nothing more is started, and run_plan throws it
/// on once the steps in flight have ended.
class RunJournal {
 public:
  virtual ~RunJournal() = default;
  virtual void before(const Step& step) = 0;
  virtual void after(const Step& step, const StepResult& result) = 0;
};

struct ScheduleOptions {
  int parallel = 16;     ///< steps at once
  int max_failures = 0;  ///< after so many nothing more is started; 0: whatever fails
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

/// Runs the plan: ready steps by critical path, one thread owns all run state, workers run one
/// step and post its completion. A failed step skips what depends on it; the rest goes on. When
/// `stop` is requested, or after `max_failures`, steps in flight finish and the others are
/// canceled. A plan with a cycle is a bug of the caller: see find_cycle.
RunSummary run_plan(const Plan& plan, StepRunner& runner, RunJournal& journal, Reporter& reporter,
                    const Clock& clock, const ScheduleOptions& options, std::stop_token stop);

}  // namespace muster
