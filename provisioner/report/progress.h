#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "provisioner/report/event.h"

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
  void on(const Event& event);

  /// nullptr when no step is known to run there.
  const RunningStep* running_on(const std::string& node) const;
  const std::vector<RunningStep>& running() const { return running_; }

  int planned() const { return planned_; }
  int done() const { return done_; }
  std::int64_t started_ms() const { return started_ms_; }
  int count(Outcome outcome) const;
  const std::vector<Event>& failures() const { return failures_; }
  const std::vector<Event>& skipped() const { return skipped_; }

 private:
  void finish(const Event& event);

  int planned_ = 0;
  int done_ = 0;
  std::int64_t started_ms_ = 0;
  std::map<Outcome, int> counts_;
  std::vector<RunningStep> running_;  // in order of starting
  std::vector<Event>
      failures_;  // step_finished, with the failed task and the first line that it said
  std::vector<Event> skipped_;
};

/// `finished`, with what it leaves out of the failed task taken from the task's own event.
Event with_failed_task(Event finished, const RunningStep* step);

}  // namespace muster
