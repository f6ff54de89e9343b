#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "provisioner/base/clock.h"
#include "provisioner/base/error.h"
#include "provisioner/run/scheduler.h"

/// A run with nothing real in it: fakes that record what the scheduler asked of them.
namespace muster::testing {

/// Moves on by one millisecond whenever it is read. Not for several threads: run_plan promises to
/// read the clock on the calling thread only, and TSan sees when it does not.
class TickingClock : public Clock {
 public:
  std::int64_t wall_ms() const override { return 1'000'000 + ++ticks_; }
  std::int64_t steady_ms() const override { return ++ticks_; }

 private:
  mutable std::int64_t ticks_ = 0;
};

/// The real time, and what a test says on top.
class ShiftedClock : public RealClock {
 public:
  std::int64_t wall_ms() const override { return RealClock::wall_ms() + ahead_ms; }
  std::int64_t ahead_ms = 0;
};

/// Keeps every event.
class RecordingReporter : public Reporter {
 public:
  void on(const Event& event) noexcept override { events.push_back(event); }

  std::vector<Event> of(EventType type) const {
    std::vector<Event> found;
    for (const auto& event : events) {
      if (event.type == type) found.push_back(event);
    }
    return found;
  }

  /// The titles of the steps in the order of events of `type`.
  std::vector<std::string> titles(EventType type) const {
    std::vector<std::string> found;
    for (const auto& event : of(type)) found.push_back(event.step);
    return found;
  }

  std::vector<Event> events;
};

/// Keeps "before <title>" and "after <title>", and can fail like a full disk.
class RecordingJournal : public RunJournal {
 public:
  void before(const Step& step) override { write("before " + step.title()); }
  void after(const Step& step, const StepResult&) override { write("after " + step.title()); }

  std::vector<std::string> lines;
  std::string fails_at;  ///< the line that cannot be written

 private:
  void write(const std::string& line) {
    if (line == fails_at) throw Error("the disk is full");
    lines.push_back(line);
  }
};

/// Ends each step as told ("changed" when not told) and watches that a node has one at a time.
class FakeRunner : public StepRunner {
 public:
  StepResult run(const Step& step, const std::function<void(Event)>& emit) override {
    {
      std::lock_guard lock(mutex_);
      overlapped_ = !busy_.insert(step.node).second || overlapped_;
    }
    pause_for(std::chrono::milliseconds(0));
    StepResult result;
    result.outcome = Outcome::changed;
    if (auto told = outcomes.find(step.id); told != outcomes.end()) result.outcome = told->second;
    result.holds = holds.count(step.id) > 0;
    if (meanwhile) meanwhile(step, emit);
    std::lock_guard lock(mutex_);
    busy_.erase(step.node);
    return result;
  }

  /// Whether two steps of a node ever ran at once.
  bool overlapped() const {
    std::lock_guard lock(mutex_);
    return overlapped_;
  }

  std::set<int> holds;
  std::map<int, Outcome> outcomes;
  std::function<void(const Step&, const std::function<void(Event)>&)> meanwhile;

 private:
  mutable std::mutex mutex_;  ///< guards busy_ and overlapped_
  std::set<std::string> busy_;
  bool overlapped_ = false;
};

/// The fakes of one run together.
struct FakeRun {
  Fibers fibers{2};
  FakeRunner runner;
  RecordingJournal journal;
  RecordingReporter reporter;
  TickingClock clock;
  std::stop_source stop;
  int max_failures = 0;

  RunSummary run(const Plan& plan, int parallel) {
    return run_plan(plan, fibers, runner, journal, reporter, clock, {parallel, max_failures},
                    stop.get_token());
  }
};

/// A plan of create steps on nodes of the given names; `needs[i]` are those of step i.
inline Plan make_plan(const std::vector<std::string>& nodes,
                      const std::vector<std::vector<int>>& needs = {}) {
  Plan plan;
  plan.deployment = "quickstart";
  for (const auto& node : nodes) {
    Step step;
    step.id = static_cast<int>(plan.steps.size());
    step.node = node;
    if (plan.steps.size() < needs.size()) step.needs = needs[plan.steps.size()];
    plan.steps.push_back(step);
  }
  return plan;
}

}  // namespace muster::testing
