#include "provisioner/tasks/kind.h"

namespace muster {

namespace {

constexpr std::string_view kShell = R"sh(
# m_command CREATES REMOVES UNLESS ONLY-IF SHOWN TEXT
m_command() {
  if [ -n "$1" ] && [ -e "$1" ]; then return 0; fi
  if [ -n "$2" ] && [ ! -e "$2" ] && [ ! -L "$2" ]; then return 0; fi
  if [ -n "$3" ]; then
    m_holds "$3"
    if [ "$m_held" -eq 0 ]; then return 0; fi
  fi
  if [ -n "$4" ]; then
    m_holds "$4"
    if [ "$m_held" -ne 0 ]; then return 0; fi
  fi
  if m_change "run $5"; then
    m_told "$5"
    m_text=$6
    set --
    eval "$m_text"
  fi
}
)sh";

std::vector<std::string> call(TaskScript& task) {
  return {"m_command",          task.text("creates"), task.text("removes"), task.text("unless"),
          task.text("only_if"), task.shown("run"),    task.text("run")};
}

}  // namespace

Kind command_kind() {
  return {.name = "command",
          .args = {{"run", ArgType::text, true},
                   {"creates", ArgType::path},
                   {"removes", ArgType::path},
                   {"unless"},
                   {"only_if"}},
          .library = {kShellHolds, kShell},
          .chatty = true,
          .call = call};
}

}  // namespace muster
