// The AppArmor profile that containerd loads is a node's as long as containerd is muster's.
#include <doctest/doctest.h>

#include "tests/shells/ledgers.h"

using namespace muster;
using namespace muster::testing;
namespace fs = std::filesystem;

namespace {

/// Of the role that is muster's own, what concerns AppArmor.
Compiling apparmor_tasks() {
  auto text = read_file(fs::path(MUSTER_SOURCE_DIR) / "roles/container-runtime/role.yaml");
  Compiling compiling(text.substr(text.find('\n') + 1));
  auto of_others = [](const Task& task) { return task.name.find("AppArmor") == std::string::npos; };
  std::erase_if(compiling.role.tasks, of_others);
  std::erase_if(compiling.role.undo, of_others);
  compiling.role.handlers.clear();
  return compiling;
}

/// What the kernel was asked to unload, when `before` was loaded at first and `after` at last.
std::string unloaded(Flavour flavour, const std::string& before, const std::string& after) {
  Sandbox node(flavour);
  const auto kernel = node / "sys/kernel/security/apparmor";
  fs::create_directories(kernel);
  write_file(kernel / "profiles", before);
  write_file(kernel / ".remove", "");
  const auto role = apparmor_tasks();
  CHECK(apply(node, role).starts_with("changed: run grep "));
  write_file(kernel / "profiles", after);
  CHECK(apply(node, role) == "unchanged: ");
  undo(node, role);
  return read_file(kernel / ".remove");
}

}  // namespace

TEST_CASE("container-runtime: containerd's AppArmor profile goes, unless it was there before") {
  const std::string other = "man_filter (enforce)\n";
  const std::string own = "cri-containerd.apparmor.d (enforce)\n";
  for (auto flavour : kFlavours) {
    CAPTURE(name_of(flavour));
    CHECK(unloaded(flavour, other, other + own) == "cri-containerd.apparmor.d");
    CHECK(unloaded(flavour, other, other) == "");
    CHECK(unloaded(flavour, own + other, own + other) == "");
  }
}

TEST_CASE("container-runtime: nodes without AppArmor are not asked for profiles") {
  for (auto flavour : kFlavours) {
    Sandbox node(flavour);
    const auto role = apparmor_tasks();
    CHECK(apply(node, role) == "unchanged: ");
    undo(node, role);
    CHECK_FALSE(fs::exists(node / "sys"));
  }
}
