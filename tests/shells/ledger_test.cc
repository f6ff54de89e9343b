// What nodes write down before they change something, and what undo makes of it. That the undo of
// every kind brings back what was there is tested with the kinds' cases.
#include <doctest/doctest.h>

#include "provisioner/tasks/ledger.h"
#include "tests/shells/ledgers.h"

using namespace muster;
using namespace muster::testing;
namespace fs = std::filesystem;

namespace {

/// Kills the script; whether it had ended. One that had hardly begun has no answer at all.
bool cut(Sandbox& node, pid_t script) {
  ::kill(-script, SIGKILL);
  try {
    return node.finish(script, kNonce).ended;
  } catch (const Error&) {
    return false;
  }
}

const std::string kMany = R"(
tasks:
  - {name: a, directory: {path: /srv/a/b/c}}
  - {name: b, file: {path: /srv/a/b/one, content: "1\n"}}
  - {name: c, file: {path: /etc/there, content: "of muster\n", mode: "0600"}}
  - {name: d, line: {path: /etc/lines, line: three}}
  - {name: e, command: {run: "mkdir -p /var/lib/data/x; echo >/var/lib/data/x/y", creates: /var/lib/data/x/y}}
  - {name: f, link: {path: /etc/link, to: /srv/a}}
  - {name: g, file: {path: /srv/a/b/two, content: "no newline"}}
  - {name: h, directory: {path: /srv/open, mode: "0700"}}
traces: [/var/lib/data]
)";

void furnish(const Sandbox& node) {
  write_file(node / "etc/there", "of somebody\n");
  fs::permissions(node / "etc/there", fs::perms{04751});
  REQUIRE(::chown((node / "etc/there").c_str(), 1000, 6) == 0);
  write_file(node / "etc/lines", "one\ntwo");
  fs::create_symlink("/nowhere", node / "etc/link");
  fs::create_directories(node / "srv/open");
  fs::permissions(node / "srv/open", fs::perms{01777});
}

}  // namespace

TEST_SUITE_BEGIN("needs root" * doctest::skip(!Sandbox::possible()));

TEST_CASE("ledger: what two roles want goes with the second one, whichever that is") {
  for (auto flavour : kFlavours) {
    for (bool first_leaves_first : {true, false}) {
      Sandbox node(flavour);
      write_file(node / "etc/shared", "of somebody\n");
      auto before = seen(node);
      const std::string shared = R"(
  - {name: a, file: {path: /etc/shared, content: "of both\n"}}
  - {name: b, directory: {path: /srv/shared}}
)";
      auto one = role("one", "tasks:" + shared + "  - {name: c, link: {path: /srv/1, to: x}}\n");
      auto two =
          role("two", "tasks:" + shared + "  - {name: c, file: {path: /srv/shared/2, content: x}}");
      CHECK(apply(node, one) == "changed: link /srv/1 to x");
      CHECK(apply(node, two) == "changed: create /srv/shared/2");
      const auto& leaves = first_leaves_first ? one : two;
      const auto& stays = first_leaves_first ? two : one;
      CHECK(undo(node, leaves).starts_with("changed: "));
      CHECK(read_file(node / "etc/shared") == "of both\n");
      CHECK(fs::is_directory(node / "srv/shared"));
      CHECK(fs::exists(node / "srv/shared/2") == first_leaves_first);
      CHECK(undo(node, leaves) == "unchanged: ");
      CHECK(apply(node, stays) == "unchanged: ");
      CHECK(undo(node, stays).starts_with("changed: "));
      CHECK(paths(seen(node)) == paths(before));
      CHECK(seen(node) == before);
      CHECK_FALSE(fs::exists(node / "var/lib/muster"));
      CHECK(undo(node, stays) == "unchanged: ");
    }
  }
}

TEST_CASE("ledger: what somebody changed is kept beside what was there before") {
  for (auto flavour : kFlavours) {
    Sandbox node(flavour);
    write_file(node / "etc/there", "of somebody\n");
    auto mine = role("mine", R"(
tasks:
  - {name: a, file: {path: /etc/there, content: "of muster\n"}}
  - {name: b, file: {path: /etc/new, content: "of muster\n"}}
  - {name: c, file: {path: /etc/same, content: "of muster\n"}}
  - {name: d, link: {path: /etc/link, to: here}}
  - {name: e, line: {path: /etc/lines, line: of muster}}
  - {name: f, directory: {path: /srv/full}}
)");
    apply(node, mine);
    write_file(node / "etc/there", "changed\n");
    write_file(node / "etc/new", "changed too\n");
    write_file(node / "etc/new.muster-saved", "in the way\n");
    fs::remove(node / "etc/link");
    fs::create_symlink("elsewhere", node / "etc/link");
    write_file(node / "etc/lines", "mine\nof muster\nmine too\n");
    write_file(node / "srv/full/mine", "");
    auto said = undo(node, mine);
    const std::string why = ": somebody has changed it since muster wrote it";
    for (const auto& line :
         {"leave /srv/full: it holds what muster did not make",
          "leave /etc/lines: it holds what muster did not write", "take a line out of /etc/lines",
          "bring back /etc/there", "remove /etc/same"}) {
      CHECK_MESSAGE(said.find(line) != std::string::npos, said);
    }
    CHECK(said.find("keep /etc/new as /etc/new.muster-saved.1" + why) != std::string::npos);
    CHECK(said.find("keep /etc/link as /etc/link.muster-saved" + why) != std::string::npos);
    CHECK(said.find("keep /etc/there as /etc/there.muster-saved" + why) != std::string::npos);
    CHECK(read_file(node / "etc/there") == "of somebody\n");
    CHECK(read_file(node / "etc/there.muster-saved") == "changed\n");
    CHECK(read_file(node / "etc/new.muster-saved.1") == "changed too\n");
    CHECK(read_file(node / "etc/lines") == "mine\nmine too\n");
    CHECK(fs::read_symlink(node / "etc/link.muster-saved") == "elsewhere");
    CHECK_FALSE(fs::exists(node / "etc/new"));
    CHECK_FALSE(fs::exists(node / "etc/same"));
    CHECK(undo(node, mine) == "unchanged: ");
  }
}

TEST_CASE("ledger: a newer version of a role gives back what was there before the older one") {
  Sandbox node(Flavour::dash);
  write_file(node / "etc/there", "of somebody\n");
  auto before = seen(node);
  auto old_one = role("r", R"(
tasks:
  - {name: a, file: {path: /etc/there, content: "1\n"}}
  - {name: b, file: {path: /etc/only-once, content: "1\n"}}
)");
  auto new_one = role("r", R"(
tasks:
  - {name: a, file: {path: /etc/there, content: "2\n"}}
)");
  apply(node, old_one);
  CHECK(apply(node, new_one) == "changed: remove /etc/only-once");
  CHECK(read_file(node / "etc/there") == "2\n");
  undo(node, new_one);
  CHECK(seen(node) == before);
}

TEST_CASE("ledger: what programs made goes when it was not there before, and stays when it was") {
  for (auto flavour : kFlavours) {
    Sandbox node(flavour);
    fs::create_directories(node / "var/lib/theirs");
    write_file(node / "var/lib/theirs/data", "");
    fs::create_directories(node / "var/lib/hollow");
    fs::permissions(node / "var/lib/hollow", fs::perms{0750});
    auto before = seen(node);
    auto mine = role("mine", R"(
traces: [/var/lib/ours, /var/lib/theirs, /var/lib/hollow]
tasks:
  - {name: a, command: {run: "mkdir -p /var/lib/ours/x /var/lib/theirs; echo >/var/lib/ours/x/y; echo >/var/lib/hollow/x"}}
)");
    apply(node, mine);
    apply(node, mine);
    auto log = read_file(node / "var/lib/muster/kept/log");
    CHECK(log ==
          "mine - tree /var/lib/ours\nmine - kept /var/lib/theirs\n"
          "mine 750:0:0 empty /var/lib/hollow\n");
    // Something mounted in it is not emptied.
    REQUIRE(::mount("none", (node / "var/lib/ours/x").c_str(), "tmpfs", 0, nullptr) == 0);
    CHECK(undo(node, mine) ==
          "changed: remove /var/lib/ours and all it holds\nremove all that /var/lib/hollow holds");
    CHECK(seen(node) == before);
  }
}

TEST_CASE("ledger: traces are refused that would take a system away") {
  for (const char* path : {"/var", "/", "var/lib", "/var/../etc", "/var/", "/a\n/b"}) {
    CHECK(check_trace(path) != "");
  }
  CHECK(check_trace("/var/lib") == "");
  CHECK_THROWS_WITH_AS(role("mine", "traces: [/var]\ntasks: []\n").script(),
                       "r.yaml:1: 'traces' takes absolute paths of two names or more, not '/var'",
                       Error);
}

TEST_CASE("ledger: what cannot be written down is not done") {
  for (auto flavour : kFlavours) {
    Sandbox node(flavour);
    auto mine = role("mine", "tasks:\n  - {name: a, file: {path: /etc/new, content: \"x\\n\"}}\n");
    fs::create_directories(node / "var/lib/muster");
    write_file(node / "var/lib/muster/kept", "in the way");
    auto said = apply(node, mine);
    CHECK_MESSAGE(said.find("cannot write down in /var/lib/muster/kept what was there before") !=
                      std::string::npos,
                  said);
    CHECK(said.starts_with("failed: "));
    CHECK_FALSE(fs::exists(node / "etc/new"));
  }
}

TEST_CASE("ledger: a record that was cut counts as none") {
  for (auto flavour : kFlavours) {
    Sandbox node(flavour);
    auto before = seen(node);
    auto mine = role("mine", kMany);
    apply(node, mine);
    auto file = node / "var/lib/muster/kept/log";
    write_file(file, read_file(file) + "mine - new /etc/pas");
    auto more = role("more", "tasks:\n  - {name: a, file: {path: /etc/new, content: \"x\\n\"}}\n");
    apply(node, more);
    undo(node, more);
    undo(node, mine);
    CHECK(seen(node) == before);
  }
}

TEST_CASE("ledger: killed at any instant, an apply and its undo are undone by another try") {
  for (auto flavour : kFlavours) {
    Sandbox node(flavour);
    furnish(node);
    const auto before = seen(node);
    auto mine = role("mine", kMany);
    bool whole = false;
    for (int instant = 0; !whole && instant < 120; ++instant) {
      CAPTURE(instant);
      auto applying = node.start(mine.script().script);
      // A machine that is busy takes longer.
      ::usleep(static_cast<useconds_t>(instant * 1500 + std::max(0, instant - 40) * 20000));
      whole = cut(node, applying);
      auto undoing = node.start(mine.undo().script);
      ::usleep(static_cast<useconds_t>(instant) * 2500);
      cut(node, undoing);
      auto said = undo(node, mine);
      CHECK_MESSAGE(!said.starts_with("failed"), said);
      CHECK(paths(seen(node)) == paths(before));
      REQUIRE(seen(node) == before);
    }
    CHECK(whole);
  }
}

TEST_CASE("ledger: a firewall that does not answer is closed by another try") {
  const auto program =
      read_file(fs::path(MUSTER_SOURCE_DIR) / "tests/shells/programs/firewall-cmd");
  for (auto flavour : kFlavours) {
    Sandbox node(flavour);
    for (const char* of : {"runtime", "permanent"}) fs::create_directories(node / "firewalld" / of);
    node.add_program("firewall-cmd", program);
    const auto before = seen(node);
    const auto mine = role("mine", "tasks:\n  - {name: a, firewall: {ports: [6443/tcp]}}\n");
    apply(node, mine);
    node.add_program(
        "firewall-cmd",
        "case $* in *--query-*) echo 'Error: no reply' >&2; exit 254 ;; esac\n" + program);
    CHECK(undo(node, mine) ==
          "failed: Error: no reply\nError: no reply\n"
          "these could not be put back; run it again when they can:\n"
          "firewall firewall:port:6443/tcp\nfirewall firewall:port:6443/tcp");
    node.add_program("firewall-cmd", program);
    CHECK(undo(node, mine) ==
          "changed: remove port 6443/tcp from firewalld's zone public (permanent)\n"
          "remove port 6443/tcp from firewalld's zone public (runtime)");
    CHECK(before == seen(node));
  }
}

TEST_CASE("ledger: an undo in check mode says what it would do, and does nothing") {
  Sandbox node(Flavour::dash);
  furnish(node);
  auto mine = role("mine", kMany);
  apply(node, mine);
  auto before = node.snapshot();
  auto said = last(node.run(mine.undo(Mode::check).script, kNonce));
  CHECK(said.find("bring back /etc/there") != std::string::npos);
  CHECK(said.find("remove /srv/a/b/one") != std::string::npos);
  CHECK(node.snapshot() == before);
}

TEST_CASE("ledger: what one role found does not take the place of what another one found") {
  for (auto flavour : kFlavours) {
    Sandbox node(flavour);
    write_file(node / "etc/one", "of one\n");
    write_file(node / "etc/two", "of two\n");
    auto before = seen(node);
    auto one = role("one", "tasks:\n  - {name: a, file: {path: /etc/one, content: \"1\\n\"}}\n");
    auto two = role("two", "tasks:\n  - {name: a, file: {path: /etc/two, content: \"2\\n\"}}\n");
    // Every script has a nonce of its own.
    two.nonce = "fedcba9876543210";
    apply(node, one);
    CHECK(node.run(two.script().script, two.nonce).replies.at(0).outcome == "changed");
    CHECK(undo(node, one) == "changed: bring back /etc/one");
    CHECK(read_file(node / "etc/one") == "of one\n");
    CHECK(node.run(two.undo().script, two.nonce).replies.at(0).output == "bring back /etc/two\n");
    CHECK(seen(node) == before);
  }
}

TEST_SUITE_END();
