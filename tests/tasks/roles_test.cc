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
