#include "provisioner/tasks/kind.h"

namespace muster {

namespace {

std::vector<std::string> call(TaskScript& task) {
  if (task.text("state") == "absent") return {"m_link_absent", task.text("path")};
  task.will_be(task.text("to") + "\n");
  return {"m_link", task.text("path"), task.text("to")};
}

std::string check(const Args& args) {
  return args.text("state") == "present" && !args.has("to") ? "needs 'to'" : "";
}

}  // namespace

Kind link_kind() {
  return {.name = "link",
          .args = {{"path", ArgType::path, true}, {"to"}, state_rule()},
          .library = {"kinds/link"},
          .call = call,
          .check = check};
}

}  // namespace muster
