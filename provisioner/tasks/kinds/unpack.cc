#include "provisioner/base/text.h"
#include "provisioner/tasks/kind.h"

namespace muster {

namespace {

std::vector<std::string> call(TaskScript& task) {
  auto mark = fingerprint(task.text("name") + '\n' + task.text("into"));
  return {"m_unpack", task.artifact(),  task.text("into"), task.text("creates"), task.text("strip"),
          mark,       task.text("name")};
}

}  // namespace

Kind unpack_kind() {
  return {.name = "unpack",
          .args = {{"name", ArgType::text, true},
                   {"into", ArgType::path, true},
                   {"creates", ArgType::path},
                   {"strip", ArgType::number, false, "0"}},
          .library = {"kinds/unpack"},
          .chatty = true,
          .call = call,
          .keys = [](const Args& args) { return std::vector{args.text("into")}; }};
}

}  // namespace muster
