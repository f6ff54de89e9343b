#include <algorithm>
#include <cctype>

#include "provisioner/tasks/kind.h"

namespace muster {

namespace {

constexpr std::string_view kShell = R"sh(
# Sets m_now to what is in a file, with single spaces. Not by "read", which takes byte after byte:
# the kernel gives a number to the first read alone.
m_read_line() {
  m_now=
  if [ -f "$1" ]; then m_now=$(cat "$1" 2>/dev/null) || :; fi
  set -f
  set -- $m_now
  m_now=$*
}

# m_sysctl NAME VALUE FILE OPTIONAL NAME-FOR-A-FILE
m_sysctl() {
  m_read_line "$3"
  if [ "$m_now" != "$2" ]; then
    # Writing what is there already tells whether the kernel lets us.
    if [ -n "$4" ] && { [ ! -e "$3" ] || ! printf '%s\n' "$m_now" >"$3"; } 2>/dev/null; then
      return
    fi
    if m_change "set $1 to $2"; then
      m_known value "$3" || m_note_text value "$m_now" "$3"
      m_told "echo $2 >$3"
      printf '%s\n' "$2" >"$3"
    fi
  fi
  m_kept=/etc/sysctl.d/90-muster-$5.conf
  m_read_line "$m_kept"
  if [ "$m_now" != "$1 = $2" ]; then
    if m_change "keep $1 in $m_kept"; then
      m_keep_directory /etc/sysctl.d
      m_keep "$m_kept"
      m_told "write $m_kept"
      [ -d /etc/sysctl.d ] || mkdir -p /etc/sysctl.d
      printf '%s\n' "$1 = $2" >"$m_kept"
    fi
  fi
}
)sh";

/// "a.b/c.d" is /proc/sys/a/b.c/d: sysctl(8) swaps the two letters.
std::string file_of(std::string name) {
  auto first = name.find_first_of("./");
  if (first == std::string::npos || name[first] == '/') return "/proc/sys/" + name;
  for (char& c : name) {
    if (c == '.' || c == '/') c = c == '.' ? '/' : '.';
  }
  return "/proc/sys/" + name;
}

std::string single_spaces(const std::string& text) {
  std::string out;
  for (char c : text) {
    bool space = c == ' ' || c == '\t' || c == '\n';
    if (!space) out += c;
    if (space && !out.empty() && out.back() != ' ') out += ' ';
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::vector<std::string> call(TaskScript& task) {
  const auto& name = task.text("name");
  auto plain = name;
  std::ranges::replace(plain, '/', '.');
  task.will_be(name + " = " + single_spaces(task.text("value")) + "\n");
  return {"m_sysctl",
          name,
          single_spaces(task.text("value")),
          file_of(name),
          task.args.flag("optional") ? "optional" : "",
          plain};
}

std::vector<std::string> keys(const Args& args) {
  auto plain = args.text("name");
  std::ranges::replace(plain, '/', '.');
  return {file_of(args.text("name")), "/etc/sysctl.d/90-muster-" + plain + ".conf"};
}

/// The name becomes part of paths.
std::string check(const Args& args) {
  const auto& name = args.text("name");
  bool good = !name.empty() && std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-' || c == '/';
  });
  // An empty part of the name would lead up or nowhere.
  auto parts = "." + name + ".";
  std::ranges::replace(parts, '/', '.');
  if (good && parts.find("..") == std::string::npos) return "";
  return "takes a kernel setting in 'name', like 'net.ipv4.ip_forward', not '" + name + "'";
}

}  // namespace

Kind sysctl_kind() {
  return {.name = "sysctl",
          .args = {{"name", ArgType::text, true},
                   {"value", ArgType::text, true},
                   {"optional", ArgType::boolean, false, "false"}},
          .library = {kShell},
          .call = call,
          .keys = keys,
          .check = check};
}

}  // namespace muster
