#include "provisioner/operations/refresh.h"

#include "provisioner/base/text.h"

namespace muster {

namespace {

/// Keeps what the check of each role said.
class DriftReporter : public Reporter {
 public:
  void on(const Event& event) noexcept override {
    if (event.type == EventType::task_finished && event.outcome == Outcome::changed) {
      found.drift.push_back({event.node, event.role, event.task, first_line(event.message)});
    } else if (event.type == EventType::step_finished && !succeeded(event.outcome)) {
      auto why = event.message.empty() ? "'" + event.task + "' failed: " + trim(event.output)
                                       : event.message;
      found.unchecked.push_back(event.role + " on " + event.node + ": " + why);
    }
  }

  Refreshed found;
};

class NoJournal : public RunJournal {
 public:
  void before(const Step&) override {}
  void after(const Step&, const StepResult&) override {}
};

}  // namespace

Refreshed refresh(const World& world, const Planned& planned, const RunOptions& options) {
  DriftReporter reporter;
  if (!planned.record) return reporter.found;
  auto plan = plan_verify(planned.cluster, *world.roles, *planned.record);
  // Nothing changes, so nothing has to wait for anything.
  plan.gates.clear();
  for (auto& step : plan.steps) {
    step.needs.clear();
    step.gates.clear();
  }
  NodeRecords records(*world.store, planned.cluster, *planned.record);
  DeploymentRunner runner(world, planned.cluster, records, *planned.record, Mode::check,
                          options.stop);
  NoJournal journal;
  ScheduleOptions schedule;
  schedule.parallel = options.parallel;
  run_plan(plan, world.resources->fibers, runner, journal, reporter, *world.clock, schedule,
           options.stop);
  return std::move(reporter.found);
}

}  // namespace muster
