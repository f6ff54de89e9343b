// Packages that came, and who wants them. That each manager removes what came is tested with the
// cases of the kind, and with real managers in integration/.
#include "provisioner/tasks/ledger.h"
#include "tests/shells/ledgers.h"

using namespace muster;
using namespace muster::testing;
namespace fs = std::filesystem;

TEST_SUITE_BEGIN("needs root" * doctest::skip(!Sandbox::possible()));

TEST_CASE("ledger: a package that a role wants by another name stays") {
  for (bool by_version : {true, false}) {
    Sandbox node(Flavour::dash);
    auto programs = fs::path(MUSTER_SOURCE_DIR) / "tests/shells/programs";
    for (const char* name : {"dpkg-query", "dpkg", "apt-get", "apt-cache"}) {
      node.add_program(name, read_file(programs / name));
    }
    fs::create_directories(node / "pkgs");
    auto one = role("one", "tasks:\n  - {name: a, package: {names: [real, more]}}\n");
    auto two = role("two", std::string("tasks:\n  - {name: a, package: {names: [") +
                               (by_version ? "'real=1.2'" : "mta") + "]}}\n");
    apply(node, one);
    write_file(node / "provides", "installed real, other, mta (= 1),\ninstalled more, ,\n");
    write_file(node / "pkgs/real", "installed 1.2\n");
    CHECK(apply(node, two) == "unchanged: ");
    CHECK(undo(node, one) == "changed: remove more");
    CHECK(fs::exists(node / "pkgs/real"));
    CHECK(undo(node, two) == "changed: remove real");
    CHECK(fs::is_empty(node / "pkgs"));
  }
}

TEST_SUITE_END();
