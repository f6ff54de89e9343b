#include "provisioner/report/timeline.h"

#include <algorithm>
#include <map>
#include <set>

#include "provisioner/report/progress.h"

namespace muster {

namespace {

class Reader {
 public:
  Timeline read(const std::vector<Event>& events) {
    if (!events.empty()) timeline_.started_ms = events.front().time_ms;
    for (const auto& event : events) take(event);
    for (auto& step : timeline_.steps) {
      if (!step.outcome) step.end_ms = now_;
      nodes_.insert(step.node);
    }
    timeline_.length_ms = now_;
    timeline_.nodes.assign(nodes_.begin(), nodes_.end());
    return std::move(timeline_);
  }

 private:
  void take(const Event& event) {
    now_ = std::max(now_, event.time_ms - timeline_.started_ms);
    switch (event.type) {
      case EventType::step_started:
        begin(event);
        break;
      case EventType::task_finished:
        finish_task(event);
        break;
      case EventType::step_finished:
        finish_step(event);
        break;
      case EventType::note:
      case EventType::warning:
        timeline_.said.push_back(event);
        break;
      case EventType::run_started:
      case EventType::run_finished:
        break;
    }
  }

  void begin(const Event& event) {
    TimelineStep step;
    step.node = event.node;
    step.what = what_of(event);
    step.title = event.step;
    step.begin_ms = now_;
    running_[event.node] = timeline_.steps.size();
    timeline_.steps.push_back(std::move(step));
  }

  /// The step that the node does now: one at a time.
  TimelineStep* running_on(const std::string& node) {
    auto found = running_.find(node);
    return found == running_.end() ? nullptr : &timeline_.steps[found->second];
  }

  void finish_task(const Event& event) {
    auto* step = running_on(event.node);
    if (step == nullptr) return;
    if (event.outcome == Outcome::changed) step->changed_tasks.push_back(event.task);
    if (!succeeded(event.outcome)) failed_task_[event.node] = event;
  }

  void finish_step(const Event& event) {
    auto* step = running_on(event.node);
    bool began = step != nullptr && step->title == event.step && event.outcome != Outcome::skipped;
    if (!began) {
      if (!succeeded(event.outcome)) timeline_.not_begun.push_back(event);
      return;
    }
    step->end_ms = now_;
    step->outcome = event.outcome;
    step->end = event;
    auto task = failed_task_.extract(event.node);
    if (task && step->failed()) step->end = with_failed_task(event, task.mapped());
    running_.erase(event.node);
  }

  Timeline timeline_;
  std::int64_t now_ = 0;
  std::set<std::string> nodes_;
  std::map<std::string, std::size_t> running_;  // by node
  std::map<std::string, Event> failed_task_;    // of what a node does now
};

}  // namespace

int Timeline::count(Outcome outcome) const {
  auto began = std::count_if(steps.begin(), steps.end(),
                             [&](const TimelineStep& step) { return step.outcome == outcome; });
  auto not_at_all = std::count_if(not_begun.begin(), not_begun.end(),
                                  [&](const Event& event) { return event.outcome == outcome; });
  return static_cast<int>(began + not_at_all);
}

Timeline timeline_of(const std::vector<Event>& events) { return Reader().read(events); }

}  // namespace muster
