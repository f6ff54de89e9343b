#include "provisioner/report/progress.h"

#include <algorithm>
#include <utility>

#include "provisioner/base/text.h"

namespace muster {

namespace {

template <typename Steps>
auto* find_in(Steps& steps, const std::string& node) {
  auto found = std::find_if(steps.begin(), steps.end(),
                            [&](const RunningStep& step) { return step.node == node; });
  return found == steps.end() ? nullptr : &*found;
}

}  // namespace

std::string what_of(const Event& event) {
  if (event.role.empty()) return event.verb.empty() ? event.step : event.verb;
  return event.verb.empty() || event.verb == "apply" ? event.role : event.verb + " " + event.role;
}

Event with_failed_task(Event finished, const RunningStep* step) {
  if (step == nullptr) return finished;
  const auto& task = step->failed_task;
  if (finished.task.empty()) finished.task = task.task;
  if (finished.command.empty()) finished.command = task.command;
  if (finished.output.empty()) finished.output = task.output;
  if (finished.message.empty()) finished.message = task.message;
  if (finished.exit_code == 0) finished.exit_code = task.exit_code;
  return finished;
}

const RunningStep* Progress::running_on(const std::string& node) const {
  return find_in(running_, node);
}

int Progress::count(Outcome outcome) const {
  auto found = counts_.find(outcome);
  return found == counts_.end() ? 0 : found->second;
}

void Progress::on(const Event& event) {
  auto* step = find_in(running_, event.node);
  switch (event.type) {
    case EventType::run_started:
      planned_ = event.steps;
      started_ms_ = event.time_ms;
      break;
    case EventType::step_started:
      if (step == nullptr) step = &running_.emplace_back();
      *step = {};
      step->node = event.node;
      step->started_ms = event.time_ms;
      step->what = what_of(event);
      break;
    case EventType::task_finished:
      if (step == nullptr) break;
      ++step->tasks;
      if (event.outcome == Outcome::changed) ++step->changed_tasks;
      if (!succeeded(event.outcome)) step->failed_task = event;
      step->detail = "after " + event.task;
      break;
    case EventType::note:
      if (step != nullptr) step->detail = event.message;
      break;
    case EventType::step_finished:
      finish(event);
      break;
    case EventType::warning:
    case EventType::run_finished:
      break;
  }
}

void Progress::finish(const Event& event) {
  auto* step = find_in(running_, event.node);
  ++done_;
  ++counts_[event.outcome];
  if (event.outcome == Outcome::skipped) {
    skipped_.push_back(event);
  } else if (event.outcome == Outcome::failed || event.outcome == Outcome::timed_out) {
    auto failure = with_failed_task(event, step);
    failure.output = first_line(failure.output);  // all of it has been told
    failures_.push_back(std::move(failure));
  }
  // A skipped step never started: what runs on its node now is another one.
  bool never_started = event.outcome == Outcome::skipped || event.outcome == Outcome::canceled;
  if (step != nullptr && !never_started)
    running_.erase(running_.begin() + (step - running_.data()));
}

}  // namespace muster
