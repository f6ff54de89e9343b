#include "provisioner/engine/run_journal.h"

#include <utility>

#include "provisioner/base/error.h"

namespace muster {

void EventJournal::after(const Step& step, const StepResult& result) {
  auto events = changed_in(step, result);
  auto& done = events.emplace_back(event(step));
  done.type = EventType::step_finished;
  done.outcome = result.outcome;
  done.ms = result.ms;
  done.task = result.task;
  done.command = result.command;
  done.exit_code = result.exit_code;
  done.output = result.output;
  done.message = result.message;
  store_.journal(run_, events);
}

/// To be written with the step's end: they cost no write of their own.
std::vector<Event> EventJournal::changed_in(const Step& step, const StepResult& result) const {
  std::vector<Event> events;
  events.reserve(result.changed.size() + 1);
  for (const auto& changed : result.changed) {
    auto& task = events.emplace_back(event(step));
    task.type = EventType::task_finished;
    task.outcome = Outcome::changed;
    task.task = changed.task;
    task.message = changed.message;
    task.ms = changed.ms;
  }
  return events;
}

void EventJournal::unstarted(const Step& step, Outcome outcome, const std::string& why) {
  Event never = event(step);
  never.type = EventType::step_finished;
  never.outcome = outcome;
  never.message = why;
  unstarted_.push_back(std::move(never));
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

Event EventJournal::event(const Step& step) const {
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
