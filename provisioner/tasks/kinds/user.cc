#include "provisioner/base/text.h"
#include "provisioner/tasks/kind.h"

namespace muster {

namespace {

std::vector<std::string> call(TaskScript& task) {
  if (task.text("state") == "absent") return {"m_user_absent", task.text("name")};
  task.will_be(task.text("name") + " ALL=(ALL) NOPASSWD:ALL\n");
  std::vector<std::string> words{"m_user",
                                 task.text("name"),
                                 task.text("shell"),
                                 task.text("home"),
                                 task.args.flag("system") ? "system" : "",
                                 task.text("sudo"),
                                 task.args.has("shell") ? "written" : ""};
  for (const auto& group : task.args.items("groups")) words.push_back(group);
  return words;
}

std::vector<std::string> keys(const Args& args) {
  std::vector<std::string> keys{"user:" + args.text("name")};
  if (args.text("sudo") == "true") keys.push_back("/etc/sudoers.d/muster-" + args.text("name"));
  for (const auto& group : args.items("groups")) {
    keys.push_back("member:" + group + " user:" + args.text("name"));
  }
  return keys;
}

std::string check(const Args& args) {
  const auto& name = args.text("name");
  bool good = !name.empty() && name[0] != '-' &&
              name.find_first_not_of(
                  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                  "0123456789_-") == std::string::npos;
  if (name == "root" && args.text("state") == "absent") return "will not remove root";
  return good ? "" : "takes letters, digits, '_' and '-' in 'name', not '" + name + "'";
}

}  // namespace

Kind user_kind() {
  return {.name = "user",
          .args = {{"name", ArgType::text, true},
                   {"shell", ArgType::path, false, "/bin/bash"},
                   {"groups", ArgType::list},
                   {"sudo", ArgType::boolean},
                   {"system", ArgType::boolean, false, "false"},
                   {"home", ArgType::path},
                   state_rule()},
          .library = {"shell/accounts", "kinds/user"},
          .call = call,
          .keys = keys,
          .check = check};
}

}  // namespace muster
