#include <algorithm>
#include <cctype>

#include "provisioner/tasks/kind.h"

namespace muster {

namespace {

std::vector<std::string> call(TaskScript& task) {
  return {"m_selinux_boolean", task.text("name"), task.args.flag("value") ? "on" : "off"};
}

std::vector<std::string> keys(const Args& args) { return {"boolean:" + args.text("name")}; }

std::string check(const Args& args) {
  const auto& name = args.text("name");
  bool good = !name.empty() && std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_';
  });
  return good ? "" : "takes a boolean of SELinux, like 'haproxy_connect_any', not '" + name + "'";
}

}  // namespace

Kind selinux_boolean_kind() {
  return {.name = "selinux_boolean",
          .args = {{"name", ArgType::text, true}, {"value", ArgType::boolean, true}},
          .library = {"shell/family", "shell/selinux", "kinds/selinux_boolean"},
          .call = call,
          .keys = keys,
          .check = check};
}

}  // namespace muster
