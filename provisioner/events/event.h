#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster {

/// How a step or task ended.
enum class Outcome {
  changed,    ///< it did something
  unchanged,  ///< everything was as wanted
  failed,     ///< it ran and did not succeed
  timed_out,  ///< its deadline passed
  skipped,    ///< something that it needs did not succeed; never reported as an error of its own
  canceled    ///< the run was stopped, or gave up, before it began
};

std::string to_string(Outcome outcome);
std::optional<Outcome> parse_outcome(std::string_view text);
std::string words(Outcome outcome);  ///< for people: "timed out", ...
bool succeeded(Outcome outcome);

/// "3 changed, 1 failed": what there is of each, in the order that people want to know it.
std::string counts_text(const std::function<int(Outcome)>& count);

enum class EventType {
  run_started,  ///< `steps` is the number planned
  step_started,
  task_finished,  ///< one task of a step
  step_finished,
  note,  ///< something worth a line: `message`
  warning,
  run_finished
};

std::string to_string(EventType type);
std::optional<EventType> parse_event_type(std::string_view text);

/// One thing that happened in a run. Every reporter gets all of them; none holds a secret.
struct Event {
  EventType type = EventType::note;
  std::int64_t time_ms = 0;  ///< wall clock
  std::string deployment;
  std::string node;
  std::string step;  ///< Step::title()
  std::string verb;  ///< "create", "apply", ...
  std::string role;
  std::string task;
  Outcome outcome = Outcome::unchanged;
  std::int64_t ms = 0;
  int steps = 0;  ///< run_started: planned; run_finished: done
  /// run_started and some step_finished: how long the run still takes, if earlier runs taught it.
  std::optional<std::int64_t> eta_ms;
  int exit_code = 0;    ///< of a failed task
  std::string command;  ///< of a failed task
  std::string output;   ///< of a failed task, whole
  std::string message;
};

/// Takes events; called from one thread. Must not throw: a full disk or a closed terminal must
/// not stop a run.
class Reporter {
 public:
  virtual ~Reporter() = default;
  virtual void on(const Event& event) noexcept = 0;
};

/// Hands each event to several reporters, in order. Owns none.
class TeeReporter : public Reporter {
 public:
  explicit TeeReporter(std::vector<Reporter*> reporters) : reporters_(std::move(reporters)) {}
  void on(const Event& event) noexcept override {
    for (auto* reporter : reporters_) reporter->on(event);
  }

 private:
  std::vector<Reporter*> reporters_;
};

/// Hands on what many threads tell, one event at a time.
class SharedReporter : public Reporter {
 public:
  explicit SharedReporter(Reporter& next) : next_(next) {}
  void on(const Event& event) noexcept override {
    std::lock_guard lock(mutex_);
    next_.on(event);
  }

 private:
  std::mutex mutex_;
  Reporter& next_;
};

/// One JSON object, no newline; fields that do not apply are left out. Described in
/// docs/events.md. Bytes that are no UTF-8 come out as U+FFFD.
std::string event_json(const Event& event);

}  // namespace muster
