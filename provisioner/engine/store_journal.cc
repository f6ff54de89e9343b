#include "provisioner/engine/store_journal.h"

namespace muster {

void StoreJournal::before(const Step& step) {
  started_ms_[step.id] = clock_.steady_ms();
  store_.journal(run_, event(step));
}

void StoreJournal::after(const Step& step, const StepResult& result) {
  Event done = event(step);
  done.type = EventType::step_finished;
  done.outcome = result.outcome;
  done.ms = clock_.steady_ms() - started_ms_[step.id];
  done.task = result.task;
  done.command = result.command;
  done.exit_code = result.exit_code;
  done.output = result.output;
  done.message = result.message;
  store_.journal(run_, done);
}

void StoreJournal::finish(const RunSummary& summary) {
  store_.finish_run(run_, summary.interrupted ? "interrupted" : summary.good() ? "done" : "failed");
}

Event StoreJournal::event(const Step& step) const {
  Event event;
  event.type = EventType::step_started;
  event.time_ms = clock_.wall_ms();
  event.deployment = deployment_;
  event.node = step.node;
  event.step = step.title();
  event.verb = to_string(step.verb);
  event.role = step.role;
  return event;
}

}  // namespace muster
