#include <algorithm>
#include <cctype>

#include "provisioner/tasks/kind.h"

namespace muster {

namespace {

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
          .library = {"kinds/sysctl"},
          .call = call,
          .keys = keys,
          .check = check};
}

}  // namespace muster
