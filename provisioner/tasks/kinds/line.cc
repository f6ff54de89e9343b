#include "provisioner/tasks/kind.h"

namespace muster {

namespace {

std::vector<std::string> call(TaskScript& task) {
  bool absent = task.text("state") == "absent";
  return {absent ? "m_line_absent" : "m_line", task.text("path"), task.text("line"),
          task.text("match")};
}

/// A file keeps lines of several tasks: each is known by its text as well.
std::vector<std::string> keys(const Args& args) {
  return {args.text("path"), "line:" + args.text("path") + " " + args.text("line")};
}

std::string check(const Args& args) {
  if (args.text("line").find('\n') != std::string::npos) return "takes one line in 'line'";
  if (args.text("state") == "present" && args.text("line").empty()) return "needs 'line'";
  if (args.text("line").empty() && args.text("match").empty()) return "needs 'line' or 'match'";
  return "";
}

}  // namespace

Kind line_kind() {
  return {.name = "line",
          .args = {{"path", ArgType::path, true}, {"line"}, {"match"}, state_rule()},
          .library = {"kinds/line"},
          .call = call,
          .keys = keys,
          .check = check};
}

}  // namespace muster
