#include "provisioner/tasks/kind.h"

namespace muster {

namespace {

std::vector<std::string> call(TaskScript& task) {
  const auto& path = task.text("path");
  if (task.text("state") == "absent") return {"m_mount_absent", path, kernel_escaped(path)};
  const auto& source = task.text("source");
  const auto& type = task.text("type");
  const auto& options = task.text("options");
  auto line =
      kernel_escaped(source) + " " + kernel_escaped(path) + " " + type + " " + options + " 0 0";
  return {"m_mount", path, kernel_escaped(path), line, source, type, options};
}

std::string check(const Args& args) {
  if (args.text("state") == "absent") return "";
  if (!args.has("source")) return "needs 'source'";
  if (!args.has("type")) return "needs 'type'";
  for (const char* name : {"type", "options"}) {
    if (args.text(name).find_first_of(" \t\n") != std::string::npos) {
      return std::string("takes no space in '") + name + "'";
    }
  }
  return "";
}

}  // namespace

Kind mount_kind() {
  return {.name = "mount",
          .args = {{"path", ArgType::path, true},
                   {"source"},
                   {"type"},
                   {"options", ArgType::text, false, "defaults"},
                   state_rule()},
          .library = {"shell/mounts", "kinds/mount"},
          .call = call,
          .check = check};
}

}  // namespace muster
