#include "provisioner/tasks/kind.h"

namespace muster {

namespace {

std::vector<std::string> call(TaskScript& task) {
  bool absent = task.text("state") == "absent";
  return {absent ? "m_manifest_absent" : "m_manifest", task.content(), task.text("kubeconfig"),
          task.text("name")};
}

std::string check(const Args& args) {
  if (args.has("content") || args.has("template")) return check_content(args);
  return "needs 'content' or 'template'";
}

}  // namespace

Kind manifest_kind() {
  return {.name = "manifest",
          .args = {{"name", ArgType::text, true},
                   {"content"},
                   {"template"},
                   {"kubeconfig", ArgType::path},
                   state_rule()},
          .library = {"kinds/manifest"},
          .call = call,
          .check = check};
}

}  // namespace muster
