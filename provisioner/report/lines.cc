#include "provisioner/report/lines.h"

#include <algorithm>
#include <array>
#include <vector>

#include "provisioner/base/text.h"
#include "provisioner/report/columns.h"

namespace muster {

namespace {

constexpr std::size_t kOutcomeWidth = 9;
constexpr std::size_t kNamesShown = 5;
constexpr std::size_t kReasonWidth = 240;  // of the first line of an output, which may be long

std::string duration(std::int64_t ms) { return format_duration(static_cast<double>(ms) / 1000); }

std::string words(Outcome outcome) {
  return outcome == Outcome::timed_out ? "timed out" : to_string(outcome);
}

std::string count_of(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string full_name(const Event& event) {
  if (event.deployment.empty() || event.node.empty()) return event.deployment + event.node;
  return event.deployment + "/" + event.node;
}

/// Each line of `text`, made harmless, behind `margin`.
std::string indented(const std::string& text, const std::string& margin) {
  std::string out;
  auto lines = split(text, '\n');
  if (lines.back().empty()) lines.pop_back();
  for (auto& line : lines) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    out += margin + printable(line) + "\n";
  }
  return out;
}

/// `label` before the first line of `text`, the others below it.
std::string labeled(const std::string& label, const std::string& text) {
  auto out = indented(text, std::string(label.size(), ' '));
  return out.empty() ? "" : label + out.substr(label.size());
}

std::string failure_text(const Event& failure) {
  std::string out;
  if (!failure.message.empty()) out += indented(failure.message, "    ");
  if (!failure.task.empty()) out += labeled("    task:    ", failure.task);
  if (!failure.command.empty()) out += labeled("    command: ", failure.command);
  std::string code = failure.exit_code == 0 ? "" : "exit code " + std::to_string(failure.exit_code);
  if (!failure.output.empty()) {
    out += "    " + (code.empty() ? "" : code + ", ") + "output:\n";
    out += indented(failure.output, "      | ");
  } else if (!code.empty()) {
    out += "    " + code + ", no output\n";
  }
  return out;
}

std::string skipped_line(const std::vector<Event>& skipped) {
  if (skipped.empty()) return "";
  auto out = count_of(skipped.size(), "step") + " skipped since " +
             (skipped.size() == 1 ? "it needs" : "they need") + " what failed: ";
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min(skipped.size(), kNamesShown); ++i) {
    names.push_back(what_of(skipped[i]) + " on " + skipped[i].node);
  }
  if (skipped.size() > kNamesShown) {
    names.push_back("and " + std::to_string(skipped.size() - kNamesShown) + " more");
  }
  return out + one_line(join(names, ", ")) + "\n";
}

/// Why a step failed, in the first words of who knows.
std::string reason_of(const Event& failure) {
  auto said = first_line(failure.message.empty() ? failure.output : failure.message);
  if (!said.empty() || failure.exit_code == 0) return said;
  return "exit code " + std::to_string(failure.exit_code);
}

/// At the end of a long log: which node failed in what, and why.
std::string failure_lines(const std::vector<Event>& failures) {
  std::string out;
  for (const auto& failure : failures) {
    auto line = full_name(failure) + "  " + what_of(failure) + " " + words(failure.outcome);
    for (const auto& part : {failure.task, reason_of(failure)}) {
      if (!part.empty()) line += ": " + part;
    }
    out += elide_middle(one_line(line), kReasonWidth) + "\n";
  }
  return out;
}

std::string summary(const Event& event, const Progress& run) {
  constexpr std::array kOrder = {Outcome::changed,   Outcome::unchanged, Outcome::failed,
                                 Outcome::timed_out, Outcome::skipped,   Outcome::canceled};
  std::vector<std::string> counts;
  for (auto outcome : kOrder) {
    if (auto count = run.count(outcome); count > 0) {
      counts.push_back(std::to_string(count) + " " + words(outcome));
    }
  }
  auto ms = event.ms > 0 ? event.ms : event.time_ms - run.started_ms();
  auto name = event.deployment.empty() ? "" : event.deployment + ": ";
  auto how = event.message.empty() ? "" : event.message + "; ";
  return one_line(name + how + (counts.empty() ? "nothing to do" : join(counts, ", ")) + " in " +
                  duration(ms)) +
         "\n";
}

}  // namespace

std::string Lines::prefix(const Event& event) {
  auto name = one_line(full_name(event));
  if (name.empty()) return "";
  prefix_width_ = std::max(prefix_width_, columns(name));
  return pad(name, prefix_width_) + "  ";
}

std::string Lines::what(const std::string& text) {
  auto shown = one_line(text);
  what_width_ = std::max(what_width_, columns(shown));
  return pad(shown, what_width_);
}

std::string Lines::colored(Outcome outcome, std::size_t width) const {
  auto text = pad(words(outcome), width);
  if (!color_) return text;
  switch (outcome) {
    case Outcome::changed:
      return "\x1b[32m" + text + "\x1b[0m";
    case Outcome::unchanged:
      return "\x1b[2m" + text + "\x1b[0m";
    case Outcome::failed:
    case Outcome::timed_out:
      return "\x1b[31m" + text + "\x1b[0m";
    case Outcome::skipped:
    case Outcome::canceled:
      break;
  }
  return text;
}

std::string Lines::columns_of(const Event& event) {
  return prefix(event) + what(what_of(event)) + "  " + colored(event.outcome, kOutcomeWidth) +
         "  " + duration(event.ms);
}

std::string Lines::step_line(const Event& event, const Progress& run) {
  if (event.outcome == Outcome::skipped || event.outcome == Outcome::canceled) return "";
  const auto* step = run.running_on(event.node);
  auto line = columns_of(event);
  if (!succeeded(event.outcome)) return line + "\n" + failure_text(with_failed_task(event, step));
  if (event.outcome == Outcome::changed && step != nullptr && step->tasks > 0) {
    line += "  " + std::to_string(step->changed_tasks) + " of " +
            count_of(static_cast<std::size_t>(step->tasks), "task") + " changed";
  }
  return line + "\n";
}

std::string Lines::task_line(const Event& event) {
  if (!verbose_ || event.outcome != Outcome::changed) return "";
  return columns_of(event) + "  task: " + one_line(event.task) + "\n";
}

std::string Lines::remark(const Event& event) {
  if (event.message.empty()) return "";
  std::string label = event.type == EventType::warning ? "warning: " : "";
  if (color_ && !label.empty()) label = "\x1b[33mwarning:\x1b[0m ";
  auto text = indented(event.message, "    ");
  return prefix(event) + label + text.substr(4);
}

std::string Lines::on(const Event& event) {
  auto& run = runs_[event.deployment];
  std::string out;
  switch (event.type) {
    case EventType::run_started:
      run = {};
      break;
    case EventType::step_started:
      prefix(event);  // lines that come later make room for it
      what(what_of(event));
      break;
    case EventType::task_finished:
      out = task_line(event);
      break;
    case EventType::step_finished:
      out = step_line(event, run);
      break;
    case EventType::note:
    case EventType::warning:
      out = remark(event);
      break;
    case EventType::run_finished:
      out = skipped_line(run.skipped()) + failure_lines(run.failures()) + summary(event, run);
      runs_.erase(event.deployment);
      return out;
  }
  run.on(event);
  return out;
}

std::string Lines::still_running(std::int64_t now_ms, std::int64_t every_ms) {
  std::string out;
  for (const auto& [deployment, run] : runs_) {
    for (const auto& step : run.running()) {
      auto before = std::max<std::int64_t>(asked_ms_ - step.started_ms, 0) / every_ms;
      auto periods = (now_ms - step.started_ms) / every_ms;
      if (periods <= before) continue;
      Event place;
      place.deployment = deployment;
      place.node = step.node;
      auto detail = step.detail.empty() ? "" : "  " + one_line(step.detail);
      out += prefix(place) + what(step.what) + "  still running after " +
             std::to_string((now_ms - step.started_ms) / 1000) + "s" + detail + "\n";
    }
  }
  asked_ms_ = now_ms;
  return out;
}

std::string Lines::status(std::int64_t now_ms, std::size_t width) const {
  int planned = 0;
  int done = 0;
  std::int64_t started = now_ms;
  std::vector<std::string> parts;
  for (const auto& [name, run] : runs_) {
    planned += run.planned();
    done += run.done();
    if (run.planned() > 0) started = std::min(started, run.started_ms());
    for (const auto& step : run.running()) {
      parts.push_back(step.node + ": " + step.what +
                      (step.detail.empty() ? "" : " (" + step.detail + ")"));
    }
  }
  if (planned == 0) return "";
  auto line = "[" + std::to_string(done) + "/" + std::to_string(planned) + "] " +
              duration(std::max<std::int64_t>(now_ms - started, 0)) + "  " + join(parts, ", ");
  return elide_middle(one_line(line), width);
}

}  // namespace muster
