#include "providers/exec/settings.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace muster {

namespace {

using Json = nlohmann::json;

constexpr const char* kProgram = "program";
constexpr const char* kDeadline = "deadline_seconds";
constexpr std::chrono::seconds kLongestQuestion{60};
constexpr int kMostSeconds = 86'400;

void read_program(const Json& value, ExecSettings& settings) {
  if (value.is_string()) settings.program = value.get<std::string>();
  bool path = settings.program.find('/') != std::string::npos;
  if (!value.is_string() || settings.program.empty() || (path && settings.program[0] != '/')) {
    settings.mistakes.push_back("hint 'program' is " + value.dump() +
                                "; give an absolute path, or the name of a program in PATH");
    settings.program.clear();
  }
}

void read_deadline(const Json& value, ExecSettings& settings) {
  if (value.is_number_integer() && value >= 1 && value <= kMostSeconds) {
    settings.deadline = std::chrono::seconds(value.get<int>());
  } else {
    settings.mistakes.push_back("hint 'deadline_seconds' is " + value.dump() +
                                "; give a whole number from 1 to " + std::to_string(kMostSeconds));
  }
}

}  // namespace

std::chrono::seconds ExecSettings::question_deadline() const {
  return std::min(deadline, kLongestQuestion);
}

ExecSettings exec_settings(const GivenProvider& given) {
  ExecSettings settings;
  settings.name = given.name;
  settings.program = "muster-provider-" + given.name;
  settings.secrets = given.secrets;
  auto hints = Json::parse(given.hints, nullptr, false);
  if (!hints.is_object()) {
    settings.mistakes.push_back("the hints of provider '" + given.name + "' are no JSON object");
    return settings;
  }
  if (hints.contains(kProgram)) read_program(hints[kProgram], settings);
  if (hints.contains(kDeadline)) read_deadline(hints[kDeadline], settings);
  hints.erase(kProgram);
  hints.erase(kDeadline);
  settings.hints = hints.dump();
  return settings;
}

std::string hints_for_program(const std::string& text, const ExecSettings& settings,
                              std::vector<std::string>& mistakes) {
  auto hints = Json::parse(text.empty() ? "{}" : text, nullptr, false);
  if (!hints.is_object()) {
    mistakes.push_back("the hints of provider '" + settings.name + "' are no JSON object");
    return "{}";
  }
  const Json own{{kProgram, settings.program}, {kDeadline, settings.deadline.count()}};
  for (const char* name : {kProgram, kDeadline}) {
    if (hints.contains(name) && hints[name] != own[name] && settings.mistakes.empty()) {
      mistakes.push_back("hint '" + std::string(name) + "' belongs to the provider, not to a " +
                         "definition; make another provider: muster provider create JSON");
    }
    hints.erase(name);
  }
  return hints.dump();
}

}  // namespace muster
