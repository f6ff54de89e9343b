#include "provisioner/tasks/kind.h"

namespace muster {

namespace {

bool has_stdin(const Args& args) { return args.has("content") || args.has("template"); }

std::vector<std::string> call(TaskScript& task) {
  return {"m_command",          task.text("creates"),
          task.text("removes"), task.text("unless"),
          task.text("only_if"), task.shown("run"),
          task.text("run"),     has_stdin(task.args) ? task.content() : ""};
}

std::string check(const Args& args) {
  return args.has("content") && args.has("template") ? "has both 'content' and 'template'" : "";
}

std::vector<std::string> keys(const Args& args) { return {args.text("creates")}; }

}  // namespace

Kind command_kind() {
  return {.name = "command",
          .args = {{"run", ArgType::text, true},
                   {"creates", ArgType::path},
                   {"removes", ArgType::path},
                   {"unless"},
                   {"only_if"},
                   {"content"},
                   {"template"}},
          .library = {"shell/holds", "kinds/command"},
          .call = call,
          .keys = keys,
          .check = check};
}

}  // namespace muster
