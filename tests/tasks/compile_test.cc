#include <doctest/doctest.h>

#include <algorithm>

#include "provisioner/base/text.h"
#include "provisioner/tasks/kind.h"
#include "provisioner/tasks/ledger.h"
#include "tests/shells/sandbox.h"
#include "tests/tasks/compiling.h"

using namespace muster;
using namespace muster::testing;

namespace {

std::string error_of(const Compiling& compiling) {
  try {
    compiling.script();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::string check_error(const std::string& text) {
  try {
    check_role(Compiling(text).role);
  } catch (const Error& error) {
    CHECK(error.exit_code() == ExitCode::usage);
    return error.what();
  }
  return "no error";
}

/// "changed unchanged failed", one word for each reply.
const std::string kTwoFiles = R"(
tasks:
  - {name: one, file: {path: /srv/a, content: "x\n"}, notify: [second, first]}
  - {name: two, file: {path: /srv/b, content: "x\n"}, notify: [second]}
handlers:
  - {name: first, command: {run: "echo first >>/srv/log"}}
  - {name: second, command: {run: "echo second >>/srv/log"}}
  - {name: third, command: {run: "echo third >>/srv/log"}}
undo:
  - {name: gone, file: {path: /srv/a, state: absent}}
)";

}  // namespace

TEST_SUITE_BEGIN("needs root" * doctest::skip(!Sandbox::possible()));

TEST_CASE("compile: notified handlers run once, in the order of the role, after a change only") {
  for (auto flavour : kFlavours) {
    Sandbox node(flavour);
    Compiling compiling(kTwoFiles);
    auto script = compiling.script();
    CHECK(script.task_names == std::vector<std::string>{"one", "two", "first", "second", "third",
                                                        std::string(kFormerTask)});
    auto ran = node.run(script.script, kNonce);
    CHECK(outcomes(ran) == "changed changed changed changed");
    CHECK(ran.replies[3].index == 3);
    CHECK(read_file(node / "srv/log") == "first\nsecond\n");
    CHECK(outcomes(node.run(script.script, kNonce)) == "unchanged unchanged");
    std::filesystem::remove(node / "srv/b");
    CHECK(outcomes(node.run(script.script, kNonce)) == "unchanged changed changed");
    CHECK(read_file(node / "srv/log") == "first\nsecond\nsecond\n");
  }
}

TEST_CASE("compile: handlers that were asked for run in the next run when this one is cut") {
  Sandbox node(Flavour::dash);
  Compiling broken(R"(
tasks:
  - {name: one, file: {path: /srv/a, content: "x\n"}, notify: [restart it]}
  - {name: two, command: {run: "test -e /srv/repaired"}}
handlers:
  - {name: restart it, command: {run: "echo ran >>/srv/log; test -e /srv/repaired"}}
)");
  auto script = broken.script().script;
  CHECK(outcomes(node.run(script, kNonce)) == "changed failed");
  CHECK_FALSE(std::filesystem::exists(node / "srv/log"));
  CHECK(std::filesystem::exists(node / "var/lib/muster/pending/r.restart-it"));
  write_file(node / "srv/repaired", "");
  CHECK(outcomes(node.run(script, kNonce)) == "unchanged changed changed");
  CHECK(read_file(node / "srv/log") == "ran\n");

  // A handler that fails is still asked for.
  std::filesystem::remove(node / "srv/a");
  std::filesystem::remove(node / "srv/repaired");
  Compiling other("tasks:\n" + std::string(R"(
  - {name: one, file: {path: /srv/a, content: "x\n"}, notify: [restart it]}
handlers:
  - {name: restart it, command: {run: "test -e /srv/repaired"}}
)"));
  CHECK(outcomes(node.run(other.script().script, kNonce)) == "changed failed");
  write_file(node / "srv/repaired", "");
  CHECK(outcomes(node.run(other.script().script, kNonce)) == "unchanged changed");
  CHECK(outcomes(node.run(other.script().script, kNonce)) == "unchanged");
}

TEST_CASE("compile: a task that is killed after its change has its handlers pending") {
  Sandbox node(Flavour::dash);
  Compiling compiling(R"(
tasks:
  - {name: one, command: {run: "touch /srv/begun; exec sleep 20", creates: /srv/begun}, notify: [h]}
handlers:
  - {name: h, command: {run: "touch /srv/handled"}}
)");
  auto script = compiling.script().script;
  auto child = node.start(script);
  while (!std::filesystem::exists(node / "srv/begun")) ::usleep(2000);
  ::kill(-child, SIGKILL);
  node.finish(child, kNonce);
  CHECK(outcomes(node.run(script, kNonce)) == "unchanged changed");
  CHECK(std::filesystem::exists(node / "srv/handled"));
}

TEST_CASE("compile: undo forgets what was asked for, and runs no handlers") {
  Sandbox node(Flavour::dash);
  Compiling compiling(kTwoFiles);
  std::filesystem::create_directories(node / "var/lib/muster/pending");
  write_file(node / "var/lib/muster/pending/r.third", "");
  write_file(node / "var/lib/muster/pending/other.third", "");
  CHECK(outcomes(node.run(compiling.undo().script, kNonce)) == "unchanged unchanged");
  CHECK_FALSE(std::filesystem::exists(node / "var/lib/muster/pending/r.third"));
  CHECK(std::filesystem::exists(node / "var/lib/muster/pending/other.third"));
  CHECK_FALSE(std::filesystem::exists(node / "srv/log"));
}

TEST_CASE("compile: a unit is not restarted for a change that came before its start") {
  Sandbox node(Flavour::dash);
  node.add_program("systemctl",
                   read_file(std::string(MUSTER_SOURCE_DIR) + "/tests/shells/programs/systemctl"));
  std::filesystem::create_directories(node / "etc/systemd/system");
  const std::string role = R"(
tasks:
  - {name: file, file: {path: /etc/systemd/system/a.service, content: "{{v}}\n"}, notify: [again]}
  - {name: pause, command: {run: sleep 0.02, unless: test -e /units/a.service/active}}
  - {name: start, unit: {name: a.service, state: started}}
handlers:
  - {name: again, unit: {name: a.service, state: restarted}}
)";
  Compiling compiling(role);
  compiling.context["v"] = "1";
  CHECK(outcomes(node.run(compiling.script().script, kNonce)) ==
        "changed changed changed unchanged");
  CHECK(node.take_calls().find("restart") == std::string::npos);
  compiling.context["v"] = "2";
  CHECK(outcomes(node.run(compiling.script().script, kNonce)) ==
        "changed unchanged unchanged changed");
  CHECK(node.take_calls().find("systemctl restart a.service\n") != std::string::npos);
}

TEST_SUITE_END();

TEST_CASE("compile: of a role's warnings those are given that do not come out empty") {
  Compiling compiling(
      "warnings: ['{{#yes}}{{cluster.name}} is old{{/yes}}', '{{#no}}never{{/no}}', ' ']\n"
      "tasks:\n  - {name: t, command: {run: x}}\n");
  CHECK(compiling.script().warnings == std::vector<std::string>{"c1 is old"});
  CHECK(compiling.undo().warnings.empty());
}

TEST_CASE("compile: a node that a role refuses gets no script, but for what takes the role away") {
  Compiling compiling(
      "refusals: ['{{#no}}never{{/no}}', '{{#yes}}{{cluster.name}} has no systemd{{/yes}}']\n"
      "tasks:\n  - {name: t, command: {run: x}}\n");
  CHECK(error_of(compiling) == "this node cannot have 'r': c1 has no systemd");
  CHECK_FALSE(compiling.undo().script.empty());
}

TEST_CASE("compile: 'when' leaves tasks out, and must name something") {
  auto names = [](const std::string& when) {
    Compiling compiling("tasks:\n  - {name: t, when: '" + when +
                        "', command: {run: x}}\n  - {name: u, command: {run: x}}\n");
    auto all = compiling.script().task_names;
    all.pop_back();  // what is there only when a former version left something
    return join(all, " ");
  };
  CHECK(names("yes") == "t u");
  CHECK(names("!yes") == "u");
  CHECK(names("no") == "u");
  CHECK(names("!no") == "t u");
  CHECK(names("empty") == "u");
  CHECK(names("cluster.name") == "t u");
  CHECK(error_of(Compiling("tasks:\n  - {name: t, when: '!clusterr.name', command: {run: x}}\n")) ==
        "r.yaml:3: 'when' of 't': nothing is named 'clusterr.name'");
}

TEST_CASE("compile: mistakes of a task are told with their lines") {
  CHECK(error_of(Compiling("tasks:\n  - name: t\n    file: {pth: /a, mode: 644}\n")) ==
        "r.yaml:4: 'file' takes no 'pth'; did you mean 'path'?\n"
        "r.yaml:4: 'mode' of 'file' must be text in quotes, not a whole number\n"
        "r.yaml:3: 'file' needs 'path'");
  CHECK(error_of(Compiling("tasks:\n  - {name: t, fil: {path: /a}}\n")) ==
        "r.yaml:3: there is no task kind 'fil'; did you mean 'file'?");
  CHECK(error_of(Compiling("tasks:\n  - {name: t, zzzzzzzz: {path: /a}}\n")) ==
        "r.yaml:3: there is no task kind 'zzzzzzzz'; see docs/roles.md for them");
  CHECK(error_of(Compiling("tasks:\n  - name: t\n    file:\n      path: /a\n      content: |\n"
                           "        a\n        {{b.c}}\n")) ==
        "r.yaml:6: 'content', line 2: nothing is named 'b.c'");
}

TEST_CASE("compile: check_role names every mistake that needs no node") {
  CHECK(check_error(R"(
tasks:
  - {name: a, unit: {nam: x.service}}
  - {name: b, file: {path: "{{anything}}", content: x, mode: "{{m}}"}}
  - {name: c, directory: {path: relative}}
handlers:
  - {name: d, unitt: {name: x.service}}
undo:
  - {name: e, command: {unless: x}}
)") == "r.yaml:4: 'unit' takes no 'nam'; did you mean 'name'?\n"
       "r.yaml:4: 'unit' needs 'name'\n"
       "r.yaml:6: 'path' of 'directory' must be a path that begins with '/' and has no '..', not "
       "'relative'\n"
       "r.yaml:8: there is no task kind 'unitt'; did you mean 'unit'?\n"
       "r.yaml:10: 'command' needs 'run'");
  CHECK(check_error("tasks:\n  - {name: a, unit: {name: x.service}}\n") ==
        "r.yaml:3: 'unit' needs 'enabled' or 'state'");
  CHECK(check_error("tasks:\n  - {name: a, command: {run: x}}\n") == "no error");
}

TEST_CASE("compile: artifacts are listed once") {
  Compiling compiling(R"(
tasks:
  - {name: a, artifact: {name: tool, path: /opt/bin/tool}}
  - {name: b, artifact: {name: tool, path: /opt/bin/tool2}}
  - {name: c, unpack: {name: files, into: /srv/files}}
)");
  compiling.artifacts = {{"tool", "aa"}, {"files", "bb"}};
  auto script = compiling.script();
  REQUIRE(script.artifacts.size() == 2);
  CHECK(script.artifacts[0].name == "tool");
  CHECK(script.artifacts[0].sha256 == "aa");
  CHECK(script.artifacts[1].name == "files");
}

TEST_CASE("tasks: what they need is told before any node is asked") {
  const Compiling compiling(R"(
tasks:
  - {name: a, artifact: {name: tool, path: /opt/bin/tool}}
  - {name: b, artifact: {name: old, path: /opt/bin/old, state: absent}}
  - {name: c, unpack: {name: files, into: /srv/files}}
  - {name: d, image: {name: pause, ref: "pause:1"}}
  - {name: e, package: {names: [tar, "linux-{{facts.kernel}}"]}}
  - {name: f, package: {names: {apt: [iproute2], dnf: iproute}}}
  - {name: g, package: {names: [docker], state: absent}}
  - {name: h, file: {path: /srv/a, content: x}}
)");
  std::vector<TaskNeeds> needs;
  for (const auto& task : compiling.role.tasks) needs.push_back(needs_of(task));
  using Names = std::set<std::string>;
  CHECK((needs[0].artifacts == Names{"tool"}));
  CHECK(needs[1].artifacts.empty());
  CHECK((needs[2].artifacts == Names{"files"}));
  CHECK((needs[3].artifacts == Names{"pause"}));
  CHECK_FALSE(needs[3].package_manager);
  CHECK(needs[4].installs_packages);
  CHECK((needs[4].packages["apk"] == Names{"tar"}));
  CHECK((needs[5].packages["apt"] == Names{"iproute2"}));
  CHECK((needs[5].packages["dnf"] == Names{"iproute"}));
  CHECK(needs[5].packages["apk"].empty());
  CHECK(needs[6].package_manager);
  CHECK_FALSE(needs[6].installs_packages);
  CHECK(needs[6].packages.empty());
  CHECK_FALSE(needs[7].package_manager);
}

TEST_CASE("compile: the same input makes the same script") {
  Compiling compiling(kTwoFiles);
  CHECK(compiling.script().script == compiling.script().script);
}
