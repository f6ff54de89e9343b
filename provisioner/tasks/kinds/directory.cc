#include <algorithm>

#include "provisioner/base/text.h"
#include "provisioner/tasks/kind.h"

namespace muster {

namespace {

std::vector<std::string> call(TaskScript& task) {
  if (task.text("state") == "absent") return {"m_directory_absent", task.text("path")};
  return {"m_directory", task.text("path"), task.text("mode"), task.text("owner"),
          task.text("group")};
}

/// A slip in a role must not take a node's system away.
std::string check(const Args& args) {
  if (args.text("state") != "absent") return "";
  auto parts = split(args.text("path"), '/');
  auto depth =
      std::ranges::count_if(parts, [](const auto& part) { return !part.empty() && part != "."; });
  if (depth >= 2) return "";
  return "will not remove '" + args.text("path") + "': name a directory further down";
}

}  // namespace

Kind directory_kind() {
  return {.name = "directory",
          .args = {{"path", ArgType::path, true},
                   {"mode", ArgType::mode, false, "755"},
                   {"owner", ArgType::text, false, "root"},
                   {"group", ArgType::text, false, "root"},
                   state_rule()},
          .library = {"shell/attributes", "shell/mounts", "kinds/directory"},
          .call = call,
          .check = check};
}

}  // namespace muster
