#include "provisioner/tasks/kind.h"

namespace muster {

namespace {

constexpr std::string_view kShell = R"sh(
# True when something is mounted at the path, as the kernel writes it.
m_mounted() {
  while read -r m_ m_place m_; do
    if [ "$m_place" = "$1" ]; then return 0; fi
  done </proc/self/mounts
  return 1
}

# Copies /etc/fstab without the path's line; sets m_now to that line.
m_fstab_without() {
  m_now=
  while IFS= read -r m_line || [ -n "$m_line" ]; do
    set -f
    set -- "$1" $m_line
    if [ "${3:-}" = "$1" ] && [ "${2#\#}" = "$2" ]; then
      m_now="$2 $3 ${4:-} ${5:-} ${6:-0} ${7:-0}"
    else
      printf '%s\n' "$m_line" >>"$m_tmp/fstab"
    fi
  done </etc/fstab
}

# m_fstab PATH LINE: an empty line takes the path's line away.
m_fstab() {
  : >"$m_tmp/fstab"
  [ ! -e /etc/fstab ] || m_fstab_without "$1"
  m_was=${m_now:-}
  if [ "$m_was" = "$2" ]; then return; fi
  m_why="take $1 out of /etc/fstab"
  if [ -n "$2" ]; then m_why="put $1 into /etc/fstab"; fi
  if m_change "$m_why"; then
    m_told "write /etc/fstab"
    [ -z "$2" ] || printf '%s\n' "$2" >>"$m_tmp/fstab"
    cp "$m_tmp/fstab" /etc/fstab.muster
    mv -f /etc/fstab.muster /etc/fstab
  fi
}

# m_mount PATH WRITTEN-PATH LINE SOURCE TYPE OPTIONS
m_mount() {
  m_fstab "$2" "$3"
  if m_mounted "$2"; then
    # What is mounted was mounted from another line.
    if [ -n "$m_was" ] && [ "$m_was" != "$3" ] && m_change "mount $1 anew"; then
      m_do umount "$1"
      m_do mount -t "$5" -o "$6" "$4" "$1"
    fi
  elif m_change "mount $4 at $1"; then
    m_do mkdir -p "$1"
    m_do mount -t "$5" -o "$6" "$4" "$1"
  fi
}

m_mount_absent() {
  if m_mounted "$2" && m_change "unmount $1"; then m_do umount "$1"; fi
  m_fstab "$2" ''
}
)sh";

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
          .library = {kShell},
          .call = call,
          .check = check};
}

}  // namespace muster
