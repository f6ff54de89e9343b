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

/// "about 35 s", "about 3 min": no more exact than an estimate is.
std::string about(std::int64_t ms) {
  constexpr std::int64_t kMinute = 60;
  constexpr std::int64_t kExact = 20;
  constexpr std::int64_t kCoarse = 5;
  auto seconds = std::max<std::int64_t>((ms + 500) / 1000, 1);
  if (seconds >= 2 * kMinute) {
    return "about " + std::to_string((seconds + kMinute / 2) / kMinute) + " min";
  }
  if (seconds > kExact) seconds = (seconds + kCoarse / 2) / kCoarse * kCoarse;
  return "about " + std::to_string(seconds) + " s";
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
  auto counts = counts_text([&](Outcome outcome) { return run.count(outcome); });
  auto ms = event.ms > 0 ? event.ms : event.time_ms - run.started_ms();
  auto name = event.deployment.empty() ? "" : event.deployment + ": ";
  auto how = event.message.empty() ? "" : event.message + "; ";
  return one_line(name + how + (counts.empty() ? "nothing to do" : counts) + " in " +
                  format_ms(ms)) +
         "\n";
}

std::string part_of(const RunningStep& step) {
  return step.node + ": " + step.what + (step.detail.empty() ? "" : " (" + step.detail + ")");
}

/// Adds what runs now, from the first and from the last as far as a line of `width` can show: the
/// middle is left out anyway, and a thousand steps may be running.
void add_parts(const Progress& run, std::size_t width, std::vector<std::string>& parts) {
  const auto& running = run.running();
  std::size_t shown = 0;
  auto step = running.begin();
  for (; step != running.end() && shown < width; ++step) {
    parts.push_back(part_of(*step));
    shown += columns(parts.back());
  }
  std::vector<std::string> last;
  shown = 0;
  for (auto from = running.end(); from != step && shown < width;) {
    last.push_back(part_of(*--from));
    shown += columns(last.back());
  }
  parts.insert(parts.end(), last.rbegin(), last.rend());
}

/// "#####.....".
std::string bar(int done, int planned) {
  constexpr int kWidth = 10;
  auto filled = planned > 0 ? static_cast<std::size_t>(done * kWidth / planned) : 0;
  return std::string(filled, '#') + std::string(kWidth - filled, '.');
}

/// "[####......] 12/30 15s, about 20 s left  m-001: etcd".
std::string status_of(const std::string& deployment, const Progress& run, std::int64_t now_ms,
                      std::size_t width) {
  std::vector<std::string> parts;
  add_parts(run, width, parts);
  // Nodes' names begin with that of their cluster unless the definition says otherwise.
  for (auto& part : parts) {
    if (part.starts_with(deployment + "-")) part.erase(0, deployment.size() + 1);
  }
  auto left = run.left_ms(now_ms);
  auto failed = run.count(Outcome::failed) + run.count(Outcome::timed_out);
  return "[" + bar(run.done(), run.planned()) + "] " + std::to_string(run.done()) + "/" +
         std::to_string(run.planned()) + " " +
         format_ms(std::max<std::int64_t>(now_ms - run.started_ms(), 0)) +
         (left ? ", " + about(*left) + " left" : "") +
         (failed > 0 ? ", " + std::to_string(failed) + " failed" : "") + "  " +
         one_line(join(parts, ", "));
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
         "  " + format_ms(event.ms);
}

std::string Lines::step_line(const Event& event, const Progress& run) {
  if (event.outcome == Outcome::skipped || event.outcome == Outcome::canceled) return "";
  if (brief_ && succeeded(event.outcome)) return "";
  const auto* step = run.running_on(event.node);
  auto line = columns_of(event);
  if (!succeeded(event.outcome)) return line + "\n" + failure_text(with_failed_task(event, step));
  if (event.outcome == Outcome::changed && step != nullptr && step->tasks > 0) {
    line += "  " + std::to_string(step->changed_tasks) + " of " +
            count_of(static_cast<std::size_t>(step->tasks), "task") + " changed";
  }
  return line + "\n";
}

std::string Lines::start_line(const Event& event) {
  if (!event.eta_ms || brief_) return "";
  auto name = event.deployment.empty() ? "" : event.deployment + ": ";
  return one_line(name + count_of(static_cast<std::size_t>(event.steps), "step") + ", " +
                  about(*event.eta_ms)) +
         "\n";
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
      out = start_line(event);
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

std::vector<std::string> Lines::status_of_each(std::int64_t now_ms, std::size_t width,
                                               std::size_t rows) const {
  std::size_t widest = 0;
  std::size_t begun = 0;
  for (const auto& [name, run] : runs_) {
    if (run.planned() == 0) continue;
    ++begun;
    widest = std::max(widest, columns(one_line(name)));
  }
  widest = std::min(widest, width / 4);
  auto shown = begun <= rows ? begun : std::max<std::size_t>(rows, 1) - 1;
  std::vector<std::string> lines;
  for (const auto& [name, run] : runs_) {
    if (run.planned() == 0 || lines.size() == shown) continue;
    auto label = pad(elide_middle(one_line(name), widest), widest);
    lines.push_back(elide_middle(label + "  " + status_of(name, run, now_ms, width), width));
  }
  if (shown < begun) lines.push_back("and " + std::to_string(begun - shown) + " more");
  return lines;
}

std::string Lines::status(std::int64_t now_ms, std::size_t width) const {
  int planned = 0;
  int done = 0;
  std::int64_t started = now_ms;
  std::optional<std::int64_t> left;
  std::vector<std::string> parts;
  for (const auto& [name, run] : runs_) {
    planned += run.planned();
    done += run.done();
    if (auto of_run = run.left_ms(now_ms)) left = std::max(left.value_or(0), *of_run);
    if (run.planned() > 0) started = std::min(started, run.started_ms());
    add_parts(run, width, parts);
  }
  if (planned == 0) return "";
  auto line = "[" + std::to_string(done) + "/" + std::to_string(planned) + "] " +
              format_ms(std::max<std::int64_t>(now_ms - started, 0)) +
              (left ? ", " + about(*left) + " left" : "") + "  " + join(parts, ", ");
  return elide_middle(one_line(line), width);
}

}  // namespace muster
