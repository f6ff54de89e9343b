#include <doctest/doctest.h>

#include "provisioner/base/error.h"
#include "provisioner/tasks/compile.h"

using namespace muster;

TEST_CASE("roles: the tasks of every built-in role are well written") {
  auto roles = load_roles({});
  CHECK(roles.size() >= 10);
  for (const auto& role : roles) {
    CAPTURE(role.name);
    CHECK_NOTHROW(check_role(role));
  }
}

TEST_CASE("roles: no file in /run is run but by a shell, as Debian mounts it noexec") {
  for (const auto& role : load_roles({})) {
    for (const auto* tasks : {&role.tasks, &role.handlers, &role.undo}) {
      for (const auto& task : *tasks) {
        CAPTURE(role.name + ": " + task.name);
        const auto* run = task.args.find("run");
        CHECK((run == nullptr || !run->text.starts_with("/run/")));
      }
    }
  }
}
