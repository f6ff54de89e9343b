#include "provisioner/tasks/kind.h"

namespace muster {

namespace {

std::vector<std::string> call(TaskScript& task) {
  if (task.text("state") == "absent") return {"m_file_absent", task.text("path")};
  return {"m_file",          task.text("path"),  task.content(),
          task.text("mode"), task.text("owner"), task.text("group")};
}

}  // namespace

Kind file_kind() {
  return {.name = "file",
          .args = {{"path", ArgType::path, true},
                   {"content"},
                   {"template"},
                   {"merge"},
                   {"mode", ArgType::mode, false, "644"},
                   {"owner", ArgType::text, false, "root"},
                   {"group", ArgType::text, false, "root"},
                   // Nothing shows a file's content; roles say which must stay so.
                   {"secret", ArgType::boolean, false, "false"},
                   state_rule()},
          .library = {"shell/attributes", "shell/new_file", "shell/write", "kinds/file"},
          .call = call,
          .check = check_content};
}

}  // namespace muster
