#include "provisioner/tasks/kind.h"

namespace muster {

namespace {

// The line itself may be a secret: it goes to grep on stdin, never in its arguments.
constexpr std::string_view kShell = R"sh(
# The lines of PATH that the task is about: those that match, else those that are the line.
# m_line_find OPTION PATH LINE MATCH
m_line_find() {
  if [ ! -f "$2" ]; then
    return
  elif [ -n "$4" ]; then
    grep "$1" -e "$4" "$2" || [ "$?" -eq 1 ]
  else
    printf '%s\n' "$3" | grep "$1" -xF -f - "$2" || [ "$?" -eq 1 ]
  fi
}

# Puts $m_tmp/lines in place and keeps the file's mode and owner, and a link to it.
m_line_replace() {
  m_told "write $1"
  m_real=$(readlink -f "$1")
  m_new=$m_real.muster-new
  rm -f "$m_new"
  cp -p "$m_real" "$m_new"
  cat "$m_tmp/lines" >"$m_new"
  # A file that is a mount point, as /etc/hosts in a container is, cannot be replaced.
  mv -f "$m_new" "$m_real" 2>/dev/null || {
    cat "$m_new" >"$m_real"
    rm -f "$m_new"
  }
}

m_line_append() {
  cat "$1"
  # The last line may lack its end.
  [ -z "$(tail -c 1 "$1")" ] || echo
  printf '%s\n' "$2"
}

# The first line found becomes the line, the others go.
m_line_change() {
  m_first=$(m_line_find -n "$@" | head -n 1)
  m_first=${m_first%%:*}
  [ "$m_first" -eq 1 ] || head -n "$((m_first - 1))" "$1"
  printf '%s\n' "$2"
  tail -n "+$((m_first + 1))" "$1" | grep -v -e "$3" || [ "$?" -eq 1 ]
}

# m_line PATH LINE MATCH
m_line() {
  m_found=$(m_line_find -h "$@")
  if [ "$m_found" = "$2" ]; then return; fi
  # Without a match, what was found is the line, perhaps more than once.
  if [ -n "$m_found" ] && [ -z "$3" ]; then return; fi
  # Nor does a line that its own match does not find come again and again.
  if [ -z "$m_found" ] && [ -n "$(m_line_find -h "$1" "$2" '')" ]; then return; fi
  if m_change "put a line into $1"; then
    [ -e "$1" ] || : >"$1"
    if [ -n "$m_found" ]; then
      m_line_change "$@" >"$m_tmp/lines"
    else
      m_line_append "$1" "$2" >"$m_tmp/lines"
    fi
    m_line_replace "$1"
  fi
}

m_line_absent() {
  m_found=$(m_line_find -n "$@")
  if [ -z "$m_found" ]; then return; fi
  if m_change "take a line out of $1"; then
    m_line_find -v "$@" >"$m_tmp/lines"
    m_line_replace "$1"
  fi
}
)sh";

std::vector<std::string> call(TaskScript& task) {
  bool absent = task.text("state") == "absent";
  return {absent ? "m_line_absent" : "m_line", task.text("path"), task.text("line"),
          task.text("match")};
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
          .library = {kShell},
          .call = call,
          .check = check};
}

}  // namespace muster
