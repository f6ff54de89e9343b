#include "provisioner/report/trace.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "provisioner/base/text.h"
#include "provisioner/report/progress.h"
#include "provisioner/report/trace_file.h"

namespace muster {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kMicro = 1000;         // in a millisecond
constexpr std::size_t kMostOfMessage = 1000;  // a trace is to look at; the log has all of it
constexpr int kRunRow = 0;                    // of a deployment; nodes follow

/// A color that the viewer knows, or "" for the one that it picks by the name.
const char* color_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::failed:
    case Outcome::timed_out:
      return "terrible";
    case Outcome::unchanged:
    case Outcome::skipped:
    case Outcome::canceled:
      return "grey";
    case Outcome::changed:
      break;
  }
  return "";
}

/// When something began and ended, in microseconds since the trace began.
struct Span {
  std::int64_t begin;
  std::int64_t end;
};

class TraceReporter : public Reporter {
 public:
  explicit TraceReporter(const std::filesystem::path& file) : file_(file) {}

  void on(const Event& event) noexcept override {
    try {
      take(event);
    } catch (...) {  // out of memory: a trace must not stop a run
    }
  }

 private:
  struct Row {
    int id = 0;
    bool busy = false;
    std::int64_t began = 0;          // what it does now
    std::vector<Event> tasks;        // of the step that it does now
    std::vector<std::int64_t> ends;  // when they were heard of
  };
  struct Process {
    int id = 0;
    std::map<std::string, Row> rows;  // by node; "" is the run
  };

  void take(const Event& event) {
    auto now = time_of(event);
    auto& process = process_of(event.deployment);
    auto& row = row_of(process, event.node);
    switch (event.type) {
      case EventType::run_started:
      case EventType::step_started:
        row.busy = true;
        row.began = now;
        row.tasks.clear();
        row.ends.clear();
        break;
      case EventType::task_finished:
        row.tasks.push_back(event);
        row.ends.push_back(now);
        break;
      case EventType::step_finished:
        finish_step(process, row, event, now);
        break;
      case EventType::note:
      case EventType::warning:
        add_instant(process, row, event, now);
        break;
      case EventType::run_finished:
        if (row.busy) add_slice(process, row, "run", event, {row.began, now});
        row.busy = false;
        break;
    }
  }

  /// Of all events, and never less than before: a wall clock may be set back.
  std::int64_t time_of(const Event& event) {
    if (!origin_ms_) origin_ms_ = event.time_ms;
    last_us_ = std::max(last_us_, (event.time_ms - *origin_ms_) * kMicro);
    return last_us_;
  }

  Process& process_of(const std::string& deployment) {
    auto [found, fresh] = processes_.try_emplace(deployment);
    auto& process = found->second;
    if (!fresh) return process;
    process.id = static_cast<int>(processes_.size());
    add_name("process_name", process.id, kRunRow, deployment);
    row_of(process, "");
    return process;
  }

  Row& row_of(Process& process, const std::string& node) {
    auto [found, fresh] = process.rows.try_emplace(node);
    auto& row = found->second;
    if (!fresh) return row;
    row.id = static_cast<int>(process.rows.size()) - 1;
    add_name("thread_name", process.id, row.id, node.empty() ? "run" : node);
    return row;
  }

  void finish_step(const Process& process, Row& row, const Event& event, std::int64_t now) {
    // One that is skipped never began: what its node does now is another one.
    if (event.outcome == Outcome::skipped) return add_instant(process, row, event, now);
    if (!row.busy) return;  // canceled before it began
    row.busy = false;
    add_slice(process, row, what_of(event), event, {row.began, now});
    // Tasks may be heard of together: from the last one back, none takes another's place.
    auto limit = now;
    for (auto at = row.tasks.size(); at-- > 0;) {
      const auto& task = row.tasks[at];
      auto end = std::min(row.ends[at], limit);
      limit = std::max(row.began, end - std::max<std::int64_t>(task.ms, 0) * kMicro);
      add_slice(process, row, task.task, task, {limit, end});
    }
    row.tasks.clear();
    row.ends.clear();
  }

  void add_slice(const Process& process, const Row& row, const std::string& name,
                 const Event& event, Span span) {
    auto slice = item("X", process.id, row.id, name);
    slice["cat"] = event.type == EventType::task_finished   ? "task"
                   : event.type == EventType::step_finished ? "step"
                                                            : "run";
    slice["ts"] = span.begin;
    slice["dur"] = span.end - span.begin;
    if (*color_of(event.outcome) != '\0') slice["cname"] = color_of(event.outcome);
    slice["args"] = args_of(event);
    write(slice);
  }

  void add_instant(const Process& process, const Row& row, const Event& event, std::int64_t now) {
    bool of_step = event.type == EventType::step_finished;
    auto name = of_step ? what_of(event) + " " + to_string(event.outcome) : to_string(event.type);
    auto instant = item("i", process.id, row.id, name);
    instant["cat"] = to_string(event.type);
    instant["ts"] = now;
    instant["s"] = "t";
    instant["args"] = args_of(event);
    write(instant);
  }

  static Json args_of(const Event& event) {
    Json args = Json::object();
    bool talk = event.type == EventType::note || event.type == EventType::warning;
    if (!talk) args["outcome"] = to_string(event.outcome);
    if (event.type == EventType::step_finished && !event.task.empty()) args["task"] = event.task;
    if (event.exit_code != 0) args["exit_code"] = event.exit_code;
    auto why = event.message.empty() ? first_line(event.output) : event.message;
    if (!why.empty()) args["message"] = why.substr(0, kMostOfMessage);
    return args;
  }

  void add_name(const char* what, int process, int row, const std::string& name) {
    auto metadata = item("M", process, row, what);
    metadata["args"]["name"] = name;
    write(metadata);
  }

  static Json item(const char* phase, int process, int row, const std::string& name) {
    Json item;
    item["ph"] = phase;
    item["pid"] = process;
    item["tid"] = row;
    item["name"] = name;
    return item;
  }

  void write(const Json& item) {
    file_.add(item.dump(-1, ' ', false, Json::error_handler_t::replace));
  }

  TraceFile file_;
  std::map<std::string, Process> processes_;  // by deployment
  std::optional<std::int64_t> origin_ms_;
  std::int64_t last_us_ = 0;
};

}  // namespace

std::unique_ptr<Reporter> make_trace_reporter(const std::filesystem::path& file) {
  return std::make_unique<TraceReporter>(file);
}

}  // namespace muster
