#include <doctest/doctest.h>

#include "provisioner/base/text.h"
#include "provisioner/tasks/kind.h"
#include "tests/shells/sandbox.h"
#include "tests/tasks/compiling.h"

using namespace muster;
using namespace muster::testing;

TEST_SUITE_BEGIN("needs root" * doctest::skip(!Sandbox::possible()));

TEST_CASE("script: a script that is cut on its way does nothing") {
  Sandbox node(Flavour::dash);
  Compiling compiling(R"(
tasks:
  - {name: a, file: {path: /srv/a, content: "x\n"}, notify: [h]}
  - {name: b, file: {path: /srv/b, content: "no newline"}}
  - {name: c, command: {run: "touch /srv/c"}}
  - {name: d, line: {path: /srv/d, line: x}}
handlers:
  - {name: h, command: {run: "touch /srv/h"}}
)");
  auto script = compiling.script().script;
  auto before = node.snapshot();
  auto cut = [&](std::size_t at) {
    CAPTURE(at);
    auto ran = node.run(script.substr(0, at), kNonce);
    CHECK(ran.output == "");
    CHECK(node.snapshot() == before);
  };
  // Every byte of the end, where the calls are, and samples before.
  for (std::size_t at = 0; at + 2 < script.size(); at += script.size() - at < 120 ? 7 : 331)
    cut(at);
  // Where what is left of a function's name is another's, "m_remove" of "m_remove_user() {".
  std::map<std::string, std::size_t> functions;
  std::size_t begin = 0;
  for (const auto& line : split(script, '\n')) {
    const auto end = line.find("() {");
    if (end != line.npos && line.starts_with("m_")) functions[line.substr(0, end)] = begin;
    begin += line.size() + 1;
  }
  REQUIRE(functions.contains("m_remove_user"));
  for (const auto& [name, at] : functions) {
    for (const auto& [shorter, _] : functions) {
      if (name != shorter && name.starts_with(shorter)) cut(at + shorter.size());
    }
  }
  CHECK(outcomes(node.run(script, kNonce)) == "changed changed changed changed changed");
}

TEST_CASE("script: a script whose first line was read by another does nothing") {
  for (auto flavour : kFlavours) {
    Sandbox node(flavour);
    Compiling compiling(R"(
tasks:
  - {name: a, file: {path: /srv/a, content: "x"}}
  - {name: c, command: {run: "touch /srv/c"}}
)");
    auto script = compiling.script().script;
    auto before = node.snapshot();
    for (std::size_t at = 1; at <= script.find('\n') + 1; ++at) {
      CAPTURE(at);
      CHECK(node.run(script.substr(at), kNonce).replies.empty());
      CHECK(node.snapshot() == before);
    }
  }
}

TEST_CASE("script: a node without base64 says so, where it takes base64") {
  Sandbox node(Flavour::dash);
  node.remove_program("base64");
  Compiling lines("tasks:\n  - {name: t, file: {path: /srv/a, content: \"x\\n\"}}\n");
  CHECK(outcomes(node.run(lines.script().script, kNonce)) == "changed");
  Compiling no_newline("tasks:\n  - {name: t, file: {path: /srv/a, content: x}}\n");
  auto ran = node.run(no_newline.script().script, kNonce);
  REQUIRE(outcomes(ran) == "failed");
  CHECK(ran.replies[0].output == "this node has no base64\n");
  CHECK(read_file(node / "srv/a") == "x\n");
}

TEST_CASE("script: temporary files go where there is room") {
  for (auto flavour : kFlavours) {
    Sandbox node(flavour);
    Compiling compiling("tasks:\n  - {name: t, command: {run: 'echo $m_tmp $TMPDIR'}}\n");
    auto used = [&] { return node.run(compiling.script().script, kNonce).replies.at(0).output; };
    CHECK(used().find("\n/run/muster.") != std::string::npos);
    compiling.layout.run = "/no/such/folder";
    CHECK(used().find("\n/tmp/muster.") != std::string::npos);
    compiling.layout.run = "relative";
    CHECK(used().find("\n/tmp/muster.") != std::string::npos);
    // Read-only, and to busybox's test(1) writable.
    compiling.layout.run = "/host";
    CHECK(used().find("\n/tmp/muster.") != std::string::npos);
    std::filesystem::remove_all(node / "tmp");
    CHECK_THROWS(used());
    auto ran = node.run(compiling.script().script, kNonce);
    CHECK(ran.exit_code == 1);
    CHECK(ran.error_output ==
          "there is no room for temporary files in any of /host /tmp /var/tmp "
          "/var/lib/muster\n");
  }
}

TEST_CASE("script: a second script waits for the first") {
  for (auto flavour : kFlavours) {
    Sandbox node(flavour);
    Compiling slow(
        "tasks:\n  - {name: t, command: {run: 'touch /srv/begun; sleep 0.5; touch /srv/a'}}\n");
    Compiling other("tasks:\n  - {name: t, command: {run: 'test -e /srv/a'}}\n");
    auto first = node.start(slow.script().script);
    while (!std::filesystem::exists(node / "srv/begun")) ::usleep(2000);
    CHECK(outcomes(node.run(other.script().script, kNonce)) == "changed");
    CHECK(outcomes(node.finish(first, kNonce)) == "changed");
  }
}

TEST_CASE("script: waits take as much longer as the cluster has patience") {
  for (auto flavour : kFlavours) {
    Sandbox node(flavour);
    Compiling compiling(
        "tasks:\n  - {name: t, wait: {until: 'test -e /srv/a', checks: it is there, "
        "deadline_seconds: 1}}\n");
    compiling.patience = 2;
    auto ran = node.run(compiling.script().script, kNonce);
    REQUIRE(ran.replies.size() == 1);
    CHECK(ran.replies[0].output == "it is there: not so after 2 s\n");
  }
}

TEST_CASE("script: a script exits with 75 when another one does not end") {
  for (auto flavour : kFlavours) {
    Sandbox node(flavour);
    Compiling slow("tasks:\n  - {name: t, command: {run: 'touch /srv/begun; sleep 20'}}\n");
    Compiling other("tasks:\n  - {name: t, command: {run: 'touch /srv/b'}}\n");
    other.layout.lock_seconds = 0;
    auto first = node.start(slow.script().script);
    while (!std::filesystem::exists(node / "srv/begun")) ::usleep(2000);
    auto ran = node.run(other.script().script, kNonce);
    CHECK(ran.exit_code == kLockedExit);
    CHECK(ran.output == "");
    CHECK(ran.error_output ==
          "another run of muster is at work on this node; it holds /run/muster.lock\n");
    CHECK_FALSE(std::filesystem::exists(node / "srv/b"));
    ::kill(-first, SIGKILL);
    node.finish(first, kNonce);
    // Nothing but the running script holds the lock.
    CHECK(outcomes(node.run(other.script().script, kNonce)) == "changed");
  }
}

TEST_CASE("script: a machine that is another state's is left as it is") {
  for (auto flavour : kFlavours) {
    Sandbox node(flavour);
    Compiling ours("tasks:\n  - {name: t, file: {path: /srv/a, content: \"ours\\n\"}}\n");
    Compiling theirs("tasks:\n  - {name: t, file: {path: /srv/a, content: \"theirs\\n\"}}\n");
    ours.owner = "s1 deployment 'a' of ann@laptop";
    theirs.owner = "s2 deployment 'b' of bob@desk";
    const auto before = node.snapshot();
    // A look says nothing of who comes later.
    CHECK(outcomes(node.run(ours.script(Mode::check).script, kNonce)) == "changed");
    CHECK(difference(before, node.snapshot()) == "");
    CHECK(outcomes(node.run(ours.script().script, kNonce)) == "changed");
    CHECK(read_file(node / "var/lib/muster/owner") == "s1 deployment 'a' of ann@laptop\n");
    const auto owned = node.snapshot();
    for (const auto& script :
         {theirs.script(), theirs.script(Mode::check), theirs.undo(), theirs.undo(Mode::check)}) {
      auto ran = node.run(script.script, kNonce);
      CHECK(ran.exit_code == kOthersExit);
      CHECK(ran.output == "");
      CHECK(ran.error_output ==
            "deployment 'a' of ann@laptop has it, as /var/lib/muster/owner says\n");
    }
    CHECK(difference(owned, node.snapshot()) == "");
    CHECK(outcomes(node.run(ours.undo().script, kNonce)) == "changed");
    CHECK_FALSE(std::filesystem::exists(node / "var/lib/muster"));
    CHECK(outcomes(node.run(theirs.script().script, kNonce)) == "changed");
  }
}

TEST_CASE("script: the next deployment of a state has what an undo was given up for") {
  for (auto flavour : kFlavours) {
    Sandbox node(flavour);
    Compiling role("tasks:\n  - {name: t, file: {path: /srv/a, content: \"x\\n\"}}\n");
    role.owner = "s1 deployment 'a' of ann@laptop";
    node.run(role.script().script, kNonce);
    role.owner = "s1 deployment 'b' of ann@laptop";
    CHECK(outcomes(node.run(role.script().script, kNonce)) == "unchanged");
    CHECK(read_file(node / "var/lib/muster/owner") == "s1 deployment 'b' of ann@laptop\n");
    // As after a power cut.
    write_file(node / "var/lib/muster/owner", "");
    role.owner = "s2 deployment 'c' of bob@desk";
    CHECK(outcomes(node.run(role.script().script, kNonce)) == "unchanged");
    CHECK(read_file(node / "var/lib/muster/owner") == "s2 deployment 'c' of bob@desk\n");
  }
}

TEST_CASE("script: of two states at once one gets a machine, with flock and without") {
  for (bool locks : {true, false}) {
    Sandbox node(Flavour::dash);
    if (!locks) node.remove_program("flock");
    Compiling role("tasks:\n  - {name: t, command: {run: 'echo x >>/srv/a'}}\n");
    for (int i = 0; i < 10; ++i) {
      role.owner = "s1 deployment 'a' of ann@laptop";
      auto first = node.start(role.script().script);
      role.owner = "s2 deployment 'b' of bob@desk";
      role.nonce = "another" + std::string(kNonce);
      auto second = node.run(role.script().script, role.nonce);
      role.nonce = kNonce;
      auto ran = node.finish(first, kNonce);
      CHECK(second.exit_code + ran.exit_code == kOthersExit);
      CHECK(read_file(node / "srv/a") == "x\n");
      std::filesystem::remove(node / "srv/a");
      std::filesystem::remove(node / "var/lib/muster/owner");
    }
  }
}

TEST_CASE("script: who comes last to a machine without flock takes it from nobody") {
  Sandbox node(Flavour::dash);
  node.remove_program("flock");
  // The other one writes while ours makes the folder, after ours has seen that nobody is there.
  node.add_program("mkdir",
                   "/host/bin/mkdir \"$@\"\n"
                   "echo \"s1 deployment 'a' of ann@laptop\" >/var/lib/muster/owner\n");
  Compiling role("tasks:\n  - {name: t, command: {run: 'echo x >>/srv/a'}}\n");
  role.owner = "s2 deployment 'b' of bob@desk";
  auto ran = node.run(role.script().script, kNonce);
  CHECK(ran.exit_code == kOthersExit);
  CHECK(ran.error_output == "deployment 'a' of ann@laptop has it, as /var/lib/muster/owner says\n");
  CHECK_FALSE(std::filesystem::exists(node / "srv/a"));
}

TEST_CASE("script: where there are no hard links, the first line says who has a machine") {
  for (auto flavour : kFlavours) {
    Sandbox node(flavour);
    node.add_program("ln", "exit 1\n");
    Compiling role("tasks:\n  - {name: t, file: {path: /srv/a, content: \"x\\n\"}}\n");
    role.owner = "s1 deployment 'a' of ann@laptop";
    CHECK(outcomes(node.run(role.script().script, kNonce)) == "changed");
    role.owner = "s2 deployment 'b' of bob@desk";
    CHECK(node.run(role.script().script, kNonce).exit_code == kOthersExit);
    CHECK(read_file(node / "var/lib/muster/owner") == "s1 deployment 'a' of ann@laptop\n");
  }
}

TEST_CASE("script: a program left behind holds neither the lock nor the answer") {
  for (auto flavour : kFlavours) {
    Sandbox node(flavour);
    Compiling compiling(R"(
tasks:
  - {name: t, command: {run: "echo said; sleep 4 & echo $! >/srv/pid", creates: /srv/pid}}
  - {name: u, command: {run: "echo more"}}
)");
    compiling.layout.lock_seconds = 0;
    auto ran = node.run(compiling.script().script, kNonce);
    CHECK(outcomes(ran) == "changed changed");
    CHECK(ran.replies[0].output == "run echo said; sleep 4 & echo $! >/srv/pid\nsaid\n");
    CHECK(ran.replies[1].output == "run echo more\nmore\n");
    CHECK(outcomes(node.run(compiling.script().script, kNonce)) == "unchanged changed");
    ::kill(std::stoi(read_file(node / "srv/pid")), SIGKILL);
  }
}

TEST_CASE("script: of an endless output the first and the last part come") {
  for (auto flavour : kFlavours) {
    Sandbox node(flavour);
    Compiling compiling(R"(
tasks:
  - name: t
    command: {run: "i=0; while [ $i -lt 20000 ]; do echo $i-----; i=$((i+1)); done; exit 3"}
)");
    auto ran = node.run(compiling.script().script, kNonce);
    REQUIRE(outcomes(ran) == "failed");
    CHECK(ran.ended);
    const auto& output = ran.replies[0].output;
    CHECK(output.size() == 65536 + std::string("\n[... cut here ...]\n").size());
    CHECK(
        output.starts_with("run i=0; while [ $i -lt 20000 ]; do echo $i-----; i=$((i+1)); done; "
                           "exit 3\n0-----\n1-----\n2-----\n"));
    CHECK(output.ends_with("19998-----\n19999-----\n"));
  }
}

TEST_CASE("script: an output of 32 to 64 KiB comes whole") {
  for (auto flavour : kFlavours) {
    Sandbox node(flavour);
    Compiling compiling(R"(
tasks:
  - name: t
    command: {run: "i=0; while [ $i -lt 6000 ]; do echo $i; i=$((i+1)); done; i=0; while [ $i -lt 3000 ]; do echo $i; i=$((i+1)); done"}
)");
    auto ran = node.run(compiling.script().script, kNonce);
    REQUIRE(outcomes(ran) == "changed");
    std::string wanted = "run " + compiling.role.tasks[0].args.find("run")->text + "\n";
    for (int end : {6000, 3000}) {
      for (int i = 0; i < end; ++i) wanted += std::to_string(i) + "\n";
    }
    CHECK(wanted.size() > 40000);
    CHECK(ran.replies[0].output == wanted);
  }
}

TEST_CASE("script: no child process has a secret in its arguments, and no reply shows it") {
  Sandbox node(Flavour::dash);
  // Each of these notes its arguments, and does what it is called for.
  for (const char* name :
       {"cat",   "chmod",    "chown",   "cmp",     "cp",        "grep",   "head", "ln",
        "mkdir", "mv",       "rm",      "sed",     "sha256sum", "tail",   "tee",  "base64",
        "stat",  "chpasswd", "useradd", "timeout", "dd",        "mktemp", "wc"}) {
    auto real =
        std::filesystem::exists(std::string("/usr/bin/") + name) ? "/host/bin/" : "/host/sbin/";
    node.add_program(name, std::string("exec ") + real + name + " \"$@\"\n");
  }
  node.add_program("kubectl", "cat >/dev/null\necho configmap/a configured\n");
  Compiling compiling(R"(
tasks:
  - {name: file, file: {path: /srv/a, content: "{{secrets.password}}\n", secret: true}}
  - {name: odd file, file: {path: /srv/b, content: "{{secrets.password}}", secret: true}}
  - {name: same file, file: {path: /srv/b, content: "{{secrets.password}}", secret: true}}
  - {name: line, line: {path: /srv/c, line: "{{secrets.password}}"}}
  - {name: same line, line: {path: /srv/c, line: "{{secrets.password}}"}}
  - {name: matched line, line: {path: /srv/c, line: "x{{secrets.password}}", match: "^h"}}
  - {name: keys, authorized_key: {user: root, keys: ["{{secrets.password}}"]}}
  - {name: manifest, manifest: {name: m, content: "{{secrets.password}}\n"}}
  - {name: command, command: {run: "echo {{secrets.password}} >/srv/d"}}
  - {name: wait, wait: {until: "test {{secrets.password}} = hunter2"}}
  - {name: failing, command: {run: "test {{secrets.password}} = x"}}
)");
  for (auto mode : {Mode::check, Mode::apply}) {
    auto ran = node.run(compiling.script(mode).script, kNonce);
    if (mode == Mode::apply) {
      CHECK(outcomes(ran) ==
            "changed changed unchanged changed unchanged changed changed changed changed unchanged "
            "failed");
    }
    auto calls = node.take_calls();
    CHECK((calls.find("grep ") != std::string::npos) == (mode == Mode::apply));
    CHECK(calls.find("hunter2") == std::string::npos);
    CHECK(ran.output.find("hunter2") == std::string::npos);
    CHECK(ran.error_output == "");
  }
  CHECK(read_file(node / "srv/c") == "xhunter2\n");
}

TEST_CASE("script: the run stops at the first failure, and the script still ends well") {
  Sandbox node(Flavour::dash);
  Compiling compiling(R"(
tasks:
  - {name: a, command: {run: "exit 4"}}
  - {name: b, command: {run: "touch /srv/b"}}
)");
  auto ran = node.run(compiling.script().script, kNonce);
  CHECK(outcomes(ran) == "failed");
  CHECK(ran.replies[0].exit_code == 4);
  CHECK(ran.ended);
  CHECK(ran.exit_code == 0);
  CHECK_FALSE(std::filesystem::exists(node / "srv/b"));
  CHECK(std::filesystem::is_empty(node / "tmp"));
}

TEST_CASE("script: a script that hangs is ended, and no other is") {
  for (auto flavour : kFlavours) {
    for (const char* endless : {"sleep 20", "trap '' TERM; sleep 20", "sleep 20 & wait"}) {
      CAPTURE(endless);
      Sandbox node(flavour);
      Compiling slow(std::string("tasks:\n  - {name: t, command: {run: \"touch /srv/begun; ") +
                     endless + "\"}}\n");
      auto child = node.start(slow.script().script);
      while (!std::filesystem::exists(node / "srv/begun")) ::usleep(2000);
      auto other = node.run(stop_script("fedcba9876543210", slow.layout), kNonce);
      CHECK(other.exit_code == 0);
      CHECK(::kill(-child, 0) == 0);
      auto ran = node.run(stop_script(kNonce, slow.layout), kNonce);
      CHECK(ran.exit_code == 0);
      CHECK(ran.error_output == "");
      CHECK_FALSE(node.finish(child, kNonce).ended);
      for (const auto& entry : std::filesystem::directory_iterator(node / "run")) {
        CHECK(entry.path().filename().string() == "muster.lock");
      }
    }
  }
}

TEST_CASE("script: a script that is ended takes its temporary files with it") {
  Sandbox node(Flavour::dash);
  Compiling compiling("tasks:\n  - {name: t, command: {run: 'touch /srv/begun; sleep 20'}}\n");
  auto child = node.start(compiling.script().script);
  while (!std::filesystem::exists(node / "srv/begun")) ::usleep(2000);
  ::kill(-child, SIGTERM);
  CHECK(node.finish(child, kNonce).exit_code == 129);
  for (const auto& entry : std::filesystem::directory_iterator(node / "run")) {
    CHECK(entry.path().filename().string() == "muster.lock");
  }
}

TEST_CASE("script: patterns of a role mean files, whatever kinds it has") {
  for (auto flavour : kFlavours) {
    Sandbox node(flavour);
    for (const char* file : {"srv/1.old", "srv/2.old"}) write_file(node / file, "");
    Compiling compiling(R"(
tasks:
  - {name: a, line: {path: /etc/lines, line: one}}
  - {name: b, sysctl: {name: net.ipv4.ip_forward, value: "1"}}
  - {name: c, line: {path: /etc/lines, line: two}}
  - {name: d, command: {run: "rm -f /srv/*.old"}}
)");
    std::filesystem::create_directories(node / "proc/sys/net/ipv4");
    write_file(node / "proc/sys/net/ipv4/ip_forward", "0\n");
    CHECK(outcomes(node.run(compiling.script().script, kNonce)) ==
          "changed changed changed changed");
    CHECK(std::filesystem::is_empty(node / "srv"));
  }
}

TEST_SUITE_END();
