#include "provisioner/base/text.h"
#include "provisioner/tasks/kind.h"

namespace muster {

namespace {

std::vector<std::string> call(TaskScript& task) {
  const auto& keys = task.args.items("keys");
  std::string block;
  if (!keys.empty()) block = "# BEGIN muster\n" + join(keys, "\n") + "\n# END muster";
  return {"m_authorized_key", task.text("user"), block};
}

std::vector<std::string> keys(const Args& args) { return {"keys:" + args.text("user")}; }

}  // namespace

Kind authorized_key_kind() {
  return {.name = "authorized_key",
          .args = {{"user", ArgType::text, true}, {"keys", ArgType::lines, true}},
          .library = {"shell/accounts", "shell/new_file", "shell/write", "kinds/authorized_key"},
          .call = call,
          .keys = keys};
}

}  // namespace muster
