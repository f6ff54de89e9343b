#include "provisioner/run/run_journal.h"

#include <utility>

#include "provisioner/base/error.h"

namespace muster {

void EventJournal::before(const Step& step) {
  Event begun;
  begun.type = EventType::step_started;
  store_.journal(run_, event(step, std::move(begun)));
}

void EventJournal::after(const Step& step, const StepResult& result) {
  auto events = changed_in(step, result);
  events.push_back(event(step, finished(result)));
  store_.journal(run_, events);
}

/// To be written with the step's end: they cost no write of their own.
std::vector<Event> EventJournal::changed_in(const Step& step, const StepResult& result) const {
  std::vector<Event> events;
  events.reserve(result.changed.size() + 1);
  for (const auto& changed : result.changed) {
    Event task;
    task.type = EventType::task_finished;
    task.outcome = Outcome::changed;
    task.task = changed.task;
    task.message = changed.message;
    task.ms = changed.ms;
    events.push_back(event(step, std::move(task)));
  }
  return events;
}

void EventJournal::unstarted(const Step& step, Outcome outcome, const std::string& why) {
  StepResult never;
  never.outcome = outcome;
  never.message = why;
  unstarted_.push_back(event(step, finished(never)));
}

void EventJournal::finish(const RunSummary& summary) {
  store_.together([&] {
    try {
      store_.journal(run_, std::exchange(unstarted_, {}));
    } catch (const Error&) {  // the lock was lost just now; how the run ended is to be known
    }
    store_.finish_run(run_, summary.interrupted ? "interrupted"
                            : summary.good()    ? "done"
                                                : "failed");
  });
}

Event EventJournal::event(const Step& step, Event event) const {
  event.time_ms = clock_.wall_ms();
  event.deployment = deployment_;
  return of_step(step, std::move(event));
}

}  // namespace muster
