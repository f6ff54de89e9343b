#include "provisioner/report/progress.h"

#include <iterator>
#include <utility>

#include "provisioner/base/text.h"

namespace muster {

std::string what_of(const Event& event) {
  if (event.role.empty()) return event.verb.empty() ? event.step : event.verb;
  return event.verb.empty() || event.verb == "apply" ? event.role : event.verb + " " + event.role;
}

Event with_failed_task(Event finished, const RunningStep* step) {
  return step == nullptr ? finished : with_failed_task(std::move(finished), step->failed_task);
}

Event with_failed_task(Event finished, const Event& task) {
  if (finished.task.empty()) finished.task = task.task;
  if (finished.command.empty()) finished.command = task.command;
  if (finished.output.empty()) finished.output = task.output;
  if (finished.message.empty()) finished.message = task.message;
  if (finished.exit_code == 0) finished.exit_code = task.exit_code;
  return finished;
}

const RunningStep* Progress::running_on(const std::string& node) const {
  auto found = by_node_.find(node);
  return found == by_node_.end() ? nullptr : &*found->second;
}

int Progress::count(Outcome outcome) const {
  auto found = counts_.find(outcome);
  return found == counts_.end() ? 0 : found->second;
}

std::optional<std::int64_t> Progress::left_ms(std::int64_t now_ms) const {
  if (!ends_ms_ || *ends_ms_ <= now_ms) return std::nullopt;
  return *ends_ms_ - now_ms;
}

void Progress::on(const Event& event) {
  if (event.eta_ms) ends_ms_ = event.time_ms + *event.eta_ms;
  auto* step = find(event.node);
  switch (event.type) {
    case EventType::run_started:
      planned_ = event.steps;
      started_ms_ = event.time_ms;
      break;
    case EventType::step_started:
      start(event);
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

RunningStep* Progress::find(const std::string& node) {
  auto found = by_node_.find(node);
  return found == by_node_.end() ? nullptr : &*found->second;
}

void Progress::start(const Event& event) {
  auto* step = find(event.node);
  if (step == nullptr) {
    step = &running_.emplace_back();
    by_node_[event.node] = std::prev(running_.end());
  }
  *step = {};
  step->node = event.node;
  step->started_ms = event.time_ms;
  step->what = what_of(event);
}

void Progress::finish(const Event& event) {
  auto* step = find(event.node);
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
  if (step == nullptr || never_started) return;
  auto ended = by_node_.extract(event.node);
  running_.erase(ended.mapped());
}

}  // namespace muster
