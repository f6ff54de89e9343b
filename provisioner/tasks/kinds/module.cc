#include <algorithm>
#include <cctype>

#include "provisioner/tasks/kind.h"

namespace muster {

namespace {

constexpr std::string_view kShell = R"sh(
# Loaded, or built in. m_module_there NAME NAME-WITH-UNDERSCORES
m_module_there() {
  if [ -d "/sys/module/$2" ]; then return 0; fi
  m_builtin=/lib/modules/$(uname -r)/modules.builtin
  [ -r "$m_builtin" ] && grep -q -e "/$1\.ko" -e "/$2\.ko" "$m_builtin"
}

# m_module NAME NAME-WITH-UNDERSCORES OPTIONAL
m_module() {
  if ! m_module_there "$1" "$2"; then
    if [ -n "$3" ]; then
      # Where modules are not ours to load, as in a container, this is nothing to change.
      m_dry=
      [ "$m_mode" = apply ] || m_dry=-n
      if [ "$m_mode" = apply ] && ! m_known module "module:$2"; then
        if ! modprobe -q -n "$1" 2>/dev/null; then return; fi
        m_note_once module - "module:$2"
      fi
      if ! modprobe -q $m_dry "$1" 2>/dev/null; then return; fi
      m_change "load the module $1" || :
    elif m_change "load the module $1"; then
      m_note_once module - "module:$2"
      m_do modprobe "$1"
    fi
  fi
  m_kept=/etc/modules-load.d/muster-$1.conf
  m_now=
  if [ -r "$m_kept" ]; then read -r m_now <"$m_kept" || :; fi
  if [ "$m_now" != "$1" ]; then
    if m_change "load $1 at boot"; then
      m_keep_directory /etc/modules-load.d
      m_keep "$m_kept"
      m_told "write $m_kept"
      [ -d /etc/modules-load.d ] || mkdir -p /etc/modules-load.d
      printf '%s\n' "$1" >"$m_kept"
    fi
  fi
}
)sh";

std::vector<std::string> call(TaskScript& task) {
  auto name = task.text("name");
  auto in_sysfs = name;
  std::ranges::replace(in_sysfs, '-', '_');
  task.will_be(name + "\n");
  return {"m_module", name, in_sysfs, task.args.flag("optional") ? "optional" : ""};
}

std::vector<std::string> keys(const Args& args) {
  auto in_sysfs = args.text("name");
  std::ranges::replace(in_sysfs, '-', '_');
  return {"module:" + in_sysfs, "/etc/modules-load.d/muster-" + args.text("name") + ".conf"};
}

/// The name becomes part of paths.
std::string check(const Args& args) {
  const auto& name = args.text("name");
  bool good = !name.empty() && name[0] != '-' && std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-';
  });
  return good ? "" : "takes letters, digits, '_' and '-' in 'name', not '" + name + "'";
}

}  // namespace

Kind module_kind() {
  return {.name = "module",
          .args = {{"name", ArgType::text, true}, {"optional", ArgType::boolean, false, "false"}},
          .library = {kShell},
          .call = call,
          .keys = keys,
          .check = check};
}

}  // namespace muster
