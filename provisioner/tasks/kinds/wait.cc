#include <cstdio>
#include <cstdlib>

#include "provisioner/tasks/kind.h"

namespace muster {

namespace {

std::vector<std::string> call(TaskScript& task) {
  char pause[32];
  std::snprintf(pause, sizeof pause, "%.3f",
                std::strtod(task.text("every_ms").c_str(), nullptr) / 1000);
  auto checks = task.args.has("checks") ? task.text("checks") : task.shown("until");
  return {"m_wait",
          task.text("deadline_seconds"),
          pause,
          checks,
          task.shown("until"),
          task.text("until"),
          task.args.flag("after_restart") ? "after-restart" : ""};
}

std::string check(const Args& args) {
  return args.text("deadline_seconds") == "0" ? "needs a 'deadline_seconds' of 1 or more" : "";
}

}  // namespace

Kind wait_kind() {
  return {.name = "wait",
          .args = {{"until", ArgType::text, true},
                   {"deadline_seconds", ArgType::number, false, "60"},
                   {"every_ms", ArgType::number, false, "200"},
                   {"checks"},
                   {"after_restart", ArgType::boolean, false, "false"}},
          .library = {"kinds/wait"},
          .chatty = true,
          .call = call,
          .check = check};
}

}  // namespace muster
