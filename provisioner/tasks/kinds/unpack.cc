#include "provisioner/base/text.h"
#include "provisioner/tasks/kind.h"

namespace muster {

namespace {

constexpr std::string_view kShell = R"sh(
# m_unpack STORED INTO CREATES STRIP MARK NAME: the mark holds what was unpacked last.
m_unpack() {
  m_last=
  if [ -r "$m_state/unpacked/$5" ]; then read -r m_last <"$m_state/unpacked/$5" || :; fi
  if [ "$m_last" = "$1" ] && [ -d "$2" ] && { [ -z "$3" ] || [ -e "$3" ]; }; then return; fi
  if m_change "unpack $6 into $2"; then
    [ -f "$1" ] || m_fail "the node's store has no $1 ($6)"
    m_do mkdir -p "$2" "$m_state/unpacked"
    m_do tar -xof "$1" -C "$2" --strip-components="$4"
    if [ -n "$3" ] && [ ! -e "$3" ]; then m_fail "$6 was unpacked, but there is no $3"; fi
    printf '%s\n' "$1" >"$m_state/unpacked/$5"
  fi
}
)sh";

std::vector<std::string> call(TaskScript& task) {
  auto mark = fingerprint(task.text("name") + '\n' + task.text("into"));
  return {"m_unpack", task.artifact(),  task.text("into"), task.text("creates"), task.text("strip"),
          mark,       task.text("name")};
}

}  // namespace

Kind unpack_kind() {
  return {.name = "unpack",
          .args = {{"name", ArgType::text, true},
                   {"into", ArgType::path, true},
                   {"creates", ArgType::path},
                   {"strip", ArgType::number, false, "0"}},
          .library = {kShell},
          .chatty = true,
          .call = call};
}

}  // namespace muster
