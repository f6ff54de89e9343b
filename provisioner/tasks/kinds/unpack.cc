#include "provisioner/base/text.h"
#include "provisioner/tasks/kind.h"

namespace muster {

namespace {

std::string mark_of(const Args& args) {
  return fingerprint(args.text("name") + '\n' + args.text("into"));
}

std::vector<std::string> call(TaskScript& task) {
  return {"m_unpack",         task.artifact(),    task.text("into"), task.text("creates"),
          task.text("strip"), mark_of(task.args), task.text("name")};
}

/// With its mark, which tells what was unpacked from data that programs made.
std::vector<std::string> keys(const Args& args) {
  return {args.text("into"), "unpack:" + mark_of(args) + ":" + args.text("into")};
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
          .keys = keys,
          .needs = needs_artifact};
}

}  // namespace muster
