#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "provisioner/events/event.h"

namespace muster {

/// A step that has started and not ended.
struct RunningStep {
  std::string node;
  std::string what;  ///< what_of(event)
  std::int64_t started_ms = 0;
  std::string detail;  ///< the last task that finished, or the last note on the node
  int tasks = 0;
  int changed_tasks = 0;
  Event failed_task;  ///< its event, when one failed
};

/// What a step does to its node, in a word or two: "create", "etcd", "undo etcd".
std::string what_of(const Event& event);

/// What one run has come to so far, counted from its events.
class Progress {
 public:
  Progress() = default;
  Progress(const Progress&) = delete;  // by_node_ points into running_
  Progress& operator=(const Progress&) = delete;
  Progress(Progress&&) = default;
  Progress& operator=(Progress&&) = default;

  void on(const Event& event);

  /// nullptr when no step is known to run there.
  const RunningStep* running_on(const std::string& node) const;
  const std::list<RunningStep>& running() const { return running_; }

  int planned() const { return planned_; }
  int done() const { return done_; }
  std::int64_t started_ms() const { return started_ms_; }
  /// How long it still takes by the last estimate; nothing when there was none, or it has passed.
  std::optional<std::int64_t> left_ms(std::int64_t now_ms) const;
  int count(Outcome outcome) const;
  const std::vector<Event>& failures() const { return failures_; }
  const std::vector<Event>& skipped() const { return skipped_; }

 private:
  RunningStep* find(const std::string& node);
  void start(const Event& event);
  void finish(const Event& event);

  int planned_ = 0;
  int done_ = 0;
  std::int64_t started_ms_ = 0;
  std::optional<std::int64_t> ends_ms_;  // by the last estimate
  std::map<Outcome, int> counts_;
  std::list<RunningStep> running_;  // in order of starting
  std::unordered_map<std::string, std::list<RunningStep>::iterator> by_node_;
  std::vector<Event>
      failures_;  // step_finished, with the failed task and the first line that it said
  std::vector<Event> skipped_;
};

/// `finished`, with what it leaves out of the failed task taken from the task's own event.
Event with_failed_task(Event finished, const Event& task);
Event with_failed_task(Event finished, const RunningStep* step);

}  // namespace muster
