#include "provisioner/tasks/kind.h"

namespace muster {

namespace {

std::vector<std::string> call(TaskScript& task) {
  return {"m_unit",           task.text("name"), task.text("enabled"),
          task.text("state"), task.text("wait"), task.args.flag("if_running") ? "if-running" : ""};
}

std::vector<std::string> keys(const Args& args) { return {"unit:" + args.text("name")}; }

std::string check(const Args& args) {
  const auto& name = args.text("name");
  if (name.find('.') == std::string::npos || name.find_first_of("/ \n*?[") != std::string::npos ||
      name[0] == '-') {
    return "takes a unit's whole name, like 'etcd.service', not '" + name + "'";
  }
  const auto& state = args.text("state");
  if (args.flag("if_running") && state != "restarted" && state != "reloaded") {
    return "takes 'if_running' only with state restarted or reloaded";
  }
  return args.has("enabled") || args.has("state") ? "" : "needs 'enabled' or 'state'";
}

}  // namespace

Kind unit_kind() {
  return {
      .name = "unit",
      .args =
          {{"name", ArgType::text, true},
           {"enabled", ArgType::boolean},
           {"state", ArgType::choice, false, "", {"started", "stopped", "restarted", "reloaded"}},
           {"wait", ArgType::boolean, false, "true"},
           {"if_running", ArgType::boolean, false, "false"}},
      .library = {"shell/family", "kinds/unit", "shell/openrc"},
      .call = call,
      .keys = keys,
      .check = check};
}

}  // namespace muster
