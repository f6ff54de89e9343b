#include "provisioner/events/event.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <nlohmann/json.hpp>

#include "provisioner/base/clock.h"
#include "provisioner/base/text.h"

namespace muster {

namespace {

constexpr std::array<std::string_view, 6> kOutcomes = {"changed",   "unchanged", "failed",
                                                       "timed_out", "skipped",   "canceled"};
constexpr std::array<std::string_view, 7> kTypes = {
    "run_started", "step_started", "task_finished", "step_finished",
    "note",        "warning",      "run_finished"};

/// The enumerator whose place in `names` holds `text`.
template <typename Enum, std::size_t N>
std::optional<Enum> parse(const std::array<std::string_view, N>& names, std::string_view text) {
  auto found = std::find(names.begin(), names.end(), text);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(std::distance(names.begin(), found));
}

bool has_outcome(EventType type) {
  return type == EventType::task_finished || type == EventType::step_finished ||
         type == EventType::run_finished;
}

}  // namespace

std::string to_string(Outcome outcome) {
  return std::string(kOutcomes.at(static_cast<std::size_t>(outcome)));
}

std::optional<Outcome> parse_outcome(std::string_view text) {
  return parse<Outcome>(kOutcomes, text);
}

std::string words(Outcome outcome) {
  return outcome == Outcome::timed_out ? "timed out" : to_string(outcome);
}

std::string counts_text(const std::function<int(Outcome)>& count) {
  constexpr std::array kOrder = {Outcome::changed,   Outcome::unchanged, Outcome::failed,
                                 Outcome::timed_out, Outcome::skipped,   Outcome::canceled};
  std::vector<std::string> counts;
  for (auto outcome : kOrder) {
    if (int found = count(outcome); found > 0) {
      counts.push_back(std::to_string(found) + " " + words(outcome));
    }
  }
  return join(counts, ", ");
}

bool succeeded(Outcome outcome) {
  return outcome == Outcome::changed || outcome == Outcome::unchanged;
}

std::string to_string(EventType type) {
  return std::string(kTypes.at(static_cast<std::size_t>(type)));
}

std::optional<EventType> parse_event_type(std::string_view text) {
  return parse<EventType>(kTypes, text);
}

std::string event_json(const Event& event) {
  nlohmann::ordered_json json;
  auto put = [&](const char* key, const std::string& value) {
    if (!value.empty()) json[key] = value;
  };
  json["type"] = to_string(event.type);
  json["time"] = format_time(event.time_ms);
  put("deployment", event.deployment);
  put("node", event.node);
  put("step", event.step);
  put("verb", event.verb);
  put("role", event.role);
  put("task", event.task);
  if (has_outcome(event.type)) json["outcome"] = to_string(event.outcome);
  if (has_outcome(event.type)) json["ms"] = event.ms;
  if (event.type == EventType::run_started || event.type == EventType::run_finished) {
    json["steps"] = event.steps;
  }
  if (event.eta_ms) json["eta_ms"] = *event.eta_ms;
  if (event.exit_code != 0) json["exit_code"] = event.exit_code;
  put("command", event.command);
  put("output", event.output);
  put("message", event.message);
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace muster
