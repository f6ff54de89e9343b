#include <algorithm>
#include <cctype>

#include "provisioner/tasks/kind.h"

namespace muster {

namespace {

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
          .library = {"kinds/module"},
          .call = call,
          .keys = keys,
          .check = check};
}

}  // namespace muster
