#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "provisioner/events/event.h"

namespace muster {

/// One step of a run that began. Times are milliseconds since the run began.
struct TimelineStep {
  std::string node;
  std::string what;   ///< what_of(event): "create", "etcd", "undo etcd"
  std::string title;  ///< Step::title()
  std::int64_t begin_ms = 0;
  std::int64_t end_ms = 0;         ///< of one that never ended: the last that was heard of the run
  std::optional<Outcome> outcome;  ///< nothing: it never ended
  std::vector<std::string> changed_tasks;
  Event end;  ///< step_finished, with what the failed task said

  bool failed() const { return outcome && !succeeded(*outcome); }
};

/// A run, made of its events afterwards.
struct Timeline {
  std::int64_t started_ms = 0;      ///< wall clock, of the first event
  std::int64_t length_ms = 0;       ///< up to the last event
  std::vector<std::string> nodes;   ///< by name
  std::vector<TimelineStep> steps;  ///< in the order of beginning
  std::vector<Event> not_begun;     ///< skipped, or canceled
  std::vector<Event> said;          ///< notes and warnings

  int count(Outcome outcome) const;
};

/// Times only grow, whatever a wall clock did. Events of other things than steps are passed over.
Timeline timeline_of(const std::vector<Event>& events);

}  // namespace muster
