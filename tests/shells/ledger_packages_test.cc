// Packages that came, and who wants them. That each manager removes what came is tested with the
// cases of the kind, and with real managers in integration/.
#include "provisioner/tasks/ledger.h"
#include "tests/shells/ledgers.h"

using namespace muster;
using namespace muster::testing;
namespace fs = std::filesystem;

namespace {

void add_apt(Sandbox& node) {
  auto programs = fs::path(MUSTER_SOURCE_DIR) / "tests/shells/programs";
  for (const char* name : {"dpkg-query", "dpkg", "apt-get", "apt-cache"}) {
    node.add_program(name, read_file(programs / name));
  }
  fs::create_directories(node / "pkgs");
}

/// What an administrator does while no script of muster's runs.
void add_theirs(const Sandbox& node) {
  write_file(node / "pkgs/theirs", "installed\n");
  for (const char* file : {"etc/passwd", "etc/group"}) {
    write_file(node / file, read_file(node / file) + "theirs:x:1007:1007::/:/bin/sh\n");
  }
}

bool has_theirs(const Sandbox& node) {
  return fs::exists(node / "pkgs/theirs") &&
         read_file(node / "etc/passwd").find("\ntheirs:") != std::string::npos &&
         read_file(node / "etc/group").find("\ntheirs:") != std::string::npos;
}

void wait_for(const fs::path& file) {
  while (!fs::exists(file)) ::usleep(2000);
}

/// Ends the shells of a script, and not what they have started.
void kill_shells(pid_t script) {
  std::vector<pid_t> shells{script};
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::ifstream stat(entry.path() / "stat");
    std::string pid, name, state;
    pid_t parent = 0;
    if (stat >> pid >> name >> state >> parent && parent == script && name == "(sh)") {
      shells.push_back(std::stoi(pid));
    }
  }
  for (auto shell : shells) ::kill(shell, SIGKILL);
}

}  // namespace

TEST_SUITE_BEGIN("needs root" * doctest::skip(!Sandbox::possible()));

TEST_CASE("ledger: a package that a role wants by another name stays") {
  for (bool by_version : {true, false}) {
    Sandbox node(Flavour::dash);
    add_apt(node);
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

TEST_CASE("ledger: what comes after a script was cut is not of its packages") {
  Sandbox node(Flavour::dash);
  add_apt(node);
  auto before = paths(seen(node));
  auto mine = role("mine", "tasks:\n  - {name: a, package: {names: [ours]}}\n");
  auto apt = read_file(fs::path(MUSTER_SOURCE_DIR) / "tests/shells/programs/apt-get");
  node.add_program("apt-get", apt + "case $* in *install*) : >/srv/begun; sleep 25 ;; esac\n");
  auto script = node.start(mine.script().script);
  wait_for(node / "srv/begun");
  ::kill(-script, SIGKILL);
  CHECK_FALSE(node.finish(script, kNonce).ended);
  fs::remove(node / "srv/begun");
  CHECK(fs::exists(node / "pkgs/ours"));
  add_theirs(node);
  node.add_program("apt-get", apt);
  CHECK(apply(node, mine) == "unchanged: ");
  CHECK(undo(node, mine) == "changed: remove ours");
  CHECK(has_theirs(node));
  fs::remove(node / "pkgs/theirs");
  CHECK(paths(seen(node)) == before);
}

TEST_CASE("ledger: what a package manager brings when its script is gone is known") {
  for (auto flavour : {Flavour::dash, Flavour::bash}) {
    Sandbox node(flavour);
    add_apt(node);
    auto mine = role("mine", "tasks:\n  - {name: a, package: {names: [ours]}}\n");
    const auto programs = fs::path(MUSTER_SOURCE_DIR) / "tests/shells/programs";
    // Who notes what came is slower than the next script.
    node.add_program("dpkg-query", "[ ! -e /srv/slow ] || { rm /srv/slow; sleep 2; }\n" +
                                       read_file(programs / "dpkg-query"));
    auto apt = read_file(programs / "apt-get");
    node.add_program("apt-get", apt + R"(
case $* in
  *install*)
    : >/srv/begun
    until [ -e /srv/go-on ]; do sleep 0.05; done
    : >/srv/slow
    echo installed >/pkgs/dependency
    echo ours:x:1006:1006::/:/bin/sh >>/etc/passwd
    ;;
esac
)");
    auto script = node.start(mine.script().script);
    wait_for(node / "srv/begun");
    kill_shells(script);
    CHECK_FALSE(node.finish(script, kNonce).ended);
    write_file(node / "srv/go-on", "");
    while (read_file(node / "etc/passwd").find("ours:") == std::string::npos) ::usleep(2000);
    // The next script waits for the one who notes what came.
    node.add_program("apt-get", apt);
    auto said = node.run(
        role("other", "tasks:\n  - {name: a, package: {names: [more]}}\n").script().script, kNonce);
    CHECK(outcomes(said) == "changed");
    add_theirs(node);
    CHECK(undo(node, mine) == "changed: remove ours dependency\nremove user ours");
    CHECK(has_theirs(node));
    CHECK(fs::exists(node / "pkgs/more"));
  }
}

TEST_CASE("ledger: what others need when a role no longer wants it goes with the role") {
  Sandbox node(Flavour::dash);
  add_apt(node);
  apply(node, role("mine", "tasks:\n  - {name: a, package: {names: [lib, ours]}}\n"));
  fs::create_directories(node / "needed");
  write_file(node / "needed/lib", "");
  auto mine = role("mine", "tasks:\n  - {name: a, package: {names: [ours]}}\n");
  auto said = apply(node, mine);
  CHECK(said.find("these stay, as others need them or they cannot be removed: lib") !=
        std::string::npos);
  CHECK(fs::exists(node / "pkgs/lib"));
  fs::remove(node / "needed/lib");
  undo(node, mine);
  CHECK(fs::is_empty(node / "pkgs"));
}

TEST_CASE("ledger: a package stays while a role has a unit of its unit's name") {
  Sandbox node(Flavour::dash);
  add_apt(node);
  node.add_program("systemctl",
                   read_file(fs::path(MUSTER_SOURCE_DIR) / "tests/shells/programs/systemctl"));
  fs::create_directories(node / "units/x.service");
  apply(node, role("mine", "tasks:\n  - {name: a, package: {names: [ours, more]}}\n"));
  fs::create_directories(node / "var/lib/dpkg/info");
  write_file(node / "var/lib/dpkg/info/ours.list", "/usr\n/lib/systemd/system/x.service\n");
  auto mine = role(
      "mine", "tasks:\n  - {name: u, unit: {name: x.service, enabled: true, state: started}}\n");
  apply(node, mine);
  CHECK(fs::exists(node / "pkgs/ours"));
  CHECK_FALSE(fs::exists(node / "pkgs/more"));
  undo(node, mine);
  CHECK_FALSE(fs::exists(node / "pkgs/ours"));
}

TEST_SUITE_END();
