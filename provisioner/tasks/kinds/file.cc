#include "provisioner/tasks/kind.h"

namespace muster {

namespace {

constexpr std::string_view kShell = R"sh(
# m_file PATH CONTENT MODE OWNER GROUP
m_file() {
  if [ -d "$1" ] && [ ! -L "$1" ]; then m_fail "$1 is a directory"; fi
  m_why=
  if [ ! -f "$1" ] || [ -L "$1" ]; then
    m_why="create $1"
  elif ! m_same "$1" "$2"; then
    m_why="write $1"
  fi
  if [ -z "$m_why" ]; then
    m_attributes "$1" "$3" "$4" "$5"
  elif m_change "$m_why"; then
    m_keep "$1"
    m_write "$@"
  fi
}

m_file_absent() {
  if [ -d "$1" ] && [ ! -L "$1" ]; then m_fail "$1 is a directory"; fi
  if [ -e "$1" ] || [ -L "$1" ]; then
    if m_change "remove $1"; then
      m_keep_gone "$1"
      m_do rm -f "$1"
    fi
  fi
}
)sh";

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
                   {"mode", ArgType::mode, false, "644"},
                   {"owner", ArgType::text, false, "root"},
                   {"group", ArgType::text, false, "root"},
                   // Nothing shows a file's content; roles say which must stay so.
                   {"secret", ArgType::boolean, false, "false"},
                   state_rule()},
          .library = {kShellAttributes, kShellNewFile, kShellWrite, kShell},
          .call = call,
          .check = check_content};
}

}  // namespace muster
