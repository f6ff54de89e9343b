#include "provisioner/tasks/kind.h"

namespace muster {

namespace {

std::vector<std::string> call(TaskScript& task) {
  if (task.text("state") == "absent") return {"m_artifact_absent", task.text("path")};
  auto stored = task.artifact();
  task.will_be(stored + "\n");
  return {"m_artifact", task.text("path"), stored, task.text("mode"), task.text("name")};
}

}  // namespace

Kind artifact_kind() {
  return {.name = "artifact",
          .args = {{"name", ArgType::text, true},
                   {"path", ArgType::path, true},
                   {"mode", ArgType::mode, false, "755"},
                   state_rule()},
          .library = {"kinds/artifact"},
          .call = call,
          .needs = needs_artifact};
}

}  // namespace muster
