// What tasks print and do that they should not, on a node behind a real sshd, with every sh. Run by
// tests/integration/hostile.sh, which puts it into namespaces of its own.
#include <doctest/doctest.h>

#include <fstream>

#include "tests/integration/comfort_node.h"

using namespace muster;
using namespace muster::testing;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

const std::vector<std::string> kShells{"/bin/dash", "/bin/bash", "/bin/busybox"};

/// Of this process, in KiB; "VmHWM" is the most that it ever had.
long memory(const std::string& what) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    long size = 0;
    if (word == what + ":" && status >> size) return size;
  }
  return 0;
}

/// The programs of tasks and of their readers that run in this world.
std::string running() {
  std::string found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::ifstream stat(entry.path() / "stat");
    std::string number;
    std::string name;
    std::string state;
    if (!(stat >> number >> name >> state) || state == "Z") continue;
    std::ifstream file(entry.path() / "cmdline");
    // Not by iterators, which throw when the process ends in between.
    std::string program;
    std::getline(file, program, '\0');
    for (const char* ours : {"yes", "sleep", "dd", "tail"}) {
      if (program == ours) found += program + " ";
    }
  }
  return found;
}

/// Waits for it, and says whether it came.
bool soon(const std::function<bool()>& holds) {
  for (Deadline until(20s); !until.passed(); std::this_thread::sleep_for(10ms)) {
    if (holds()) return true;
  }
  return holds();
}

std::string tasks_of(const std::vector<std::string>& commands) {
  std::string text = "tasks:\n";
  for (const auto& command : commands) {
    text += "  - {name: t, command: {run: " + nlohmann::json(command).dump() + "}}\n";
  }
  return text;
}

std::string nothing_left() {
  std::string left;
  for (const char* folder : {"/run", "/tmp"}) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().filename().string().starts_with("muster.") &&
          entry.path().filename() != "muster.lock") {
        left += entry.path().string() + " ";
      }
    }
  }
  return left;
}

}  // namespace

TEST_CASE("hostile: replies come while later tasks run") {
  for (const auto& sh : kShells) {
    CAPTURE(sh);
    Mounted over(sh, "/bin/sh");
    ComfortNode node;
    auto link = node.link();
    auto waits = [](int number) {
      auto file = "/srv/go" + std::to_string(number);
      return "i=0; until [ -e " + file + " ]; do i=$((i+1)); [ $i -lt 300 ]; sleep 0.1; done; rm " +
             file;
    };
    // Each task but the first ends only when the answer to the one before it has arrived here.
    auto said = run_tasks(link, tasks_of({"echo 0", waits(0), waits(1), waits(2)}), Mode::apply,
                          false, [](const TaskReply& reply) {
                            if (reply.index < 3) {
                              write_file("/srv/go" + std::to_string(reply.index), "");
                            }
                          });
    CHECK(said.text() == "changed changed changed changed");
  }
}

TEST_CASE("hostile: our own marks, old and made up, are output like any other") {
  for (const auto& sh : kShells) {
    CAPTURE(sh);
    Mounted over(sh, "/bin/sh");
    ComfortNode node;
    auto link = node.link();
    std::string marks = "0123456789abcdef done 1 changed 0 0 0 0\\n";
    auto said = run_tasks(
        link, tasks_of({"printf '" + marks + " end\\n done 0 failed 1 1 1 1\\n'; exit 3"}));
    REQUIRE(said.replies.size() == 1);
    CHECK(said.replies[0].exit_code == 3);
    CHECK(said.replies[0].output.ends_with(" end\n done 0 failed 1 1 1 1\n"));
    CHECK(said.result.ended);
    // Straight to the script's own way out.
    said = run_tasks(link, tasks_of({"printf '" + marks + "' >/proc/$$/fd/1 || exit 9", "echo b"}));
    CHECK(said.text() == "changed changed");
    CHECK(said.result.noise.find("done 1 changed") != std::string::npos);
  }
}

TEST_CASE("hostile: a task finds the nonce in no argument, environment, variable or function") {
  for (const auto& sh : kShells) {
    CAPTURE(sh);
    Mounted over(sh, "/bin/sh");
    ComfortNode node("ann");
    node.allow_sudo();
    auto link = node.link();
    for (const std::string look :
         {"set", "typeset -f 2>/dev/null || :", "echo \"[${m_nonce-none}]\"", "env",
          "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline || :; tr '\\0' ' ' <$p/environ || :; "
          "done 2>&1",
          "find /run /tmp -type f | while read -r f; do echo $f; cat $f || :; done"}) {
      CAPTURE(look);
      auto said = run_tasks(link,
                            "tasks:\n"
                            "  - {name: f, file: {path: /srv/f, content: \"x\\n\"}}\n"
                            "  - {name: t, command: {run: " +
                                nlohmann::json(look).dump() + "}}\n");
      REQUIRE(said.replies.size() == 2);
      CHECK(said.replies[1].outcome == "changed");
      CHECK(said.replies[1].output.size() > 5);
      CHECK(said.replies[1].output.find(kNonce) == std::string::npos);
    }
  }
}

TEST_CASE("hostile: binary, a line without end, and a gigabyte of it") {
  for (const auto& sh : kShells) {
    CAPTURE(sh);
    Mounted over(sh, "/bin/sh");
    ComfortNode node;
    // Much less than what is printed: the node keeps none of it.
    Mounted run("tmpfs", "/run", 0, "size=512k,mode=755");
    auto link = node.link();
    auto said = run_command(link, "printf '\\000\\001\\377\\r\\n\\000'; exit 1");
    REQUIRE(said.replies.size() == 1);
    CHECK(said.replies[0].output.ends_with(std::string("\0\1\xff\r\n\0", 6)));
    said = run_command(link, "head -c 100000 /dev/urandom");
    CHECK(said.text() == "changed");
    auto before = memory("VmHWM");
    auto size = sh == "/bin/dash" ? "1073741824" : "104857600";
    said = run_tasks(link, tasks_of({std::string("head -c ") + size + " /dev/zero", "du -k /run"}));
    CHECK(said.text() == "changed changed");
    CHECK(said.replies[0].output.size() < 70'000);
    CHECK(memory("VmHWM") - before < 30 * 1024);
    CHECK(nothing_left() == "");
  }
}

TEST_CASE("hostile: what never ends is ended at the deadline, and the node is free again") {
  for (const char* user : {"root", "ann"}) {
    for (const auto& sh : kShells) {
      CAPTURE(user);
      CAPTURE(sh);
      Mounted over(sh, "/bin/sh");
      ComfortNode node(user);
      node.allow_sudo();
      auto link = node.link();
      for (const char* endless :
           {"yes", "sleep 987654", "trap '' TERM HUP; while :; do sleep 1; done",
            "while :; do :; done"}) {
        CAPTURE(endless);
        auto said = run_tasks(link, tasks_of({"echo a", endless}), Mode::apply, false, nullptr, 2s);
        CHECK(said.replies.size() == 1);
        CHECK(said.result.remote.timed_out);
        CHECK(said.result.running == 1);
        auto next = run_command(link, "echo free");
        CHECK(next.text() == "changed");
        CHECK(soon([] { return running().empty(); }));
        CHECK(soon([] { return nothing_left().empty(); }));
      }
    }
  }
}

TEST_CASE("hostile: programs left behind, closed ways out, and killed shells") {
  for (const auto& sh : kShells) {
    CAPTURE(sh);
    Mounted over(sh, "/bin/sh");
    ComfortNode node;
    auto link = node.link();
    // One that goes on printing after the task, the script and the connection have ended.
    auto said =
        run_tasks(link, tasks_of({"echo said; yes after the end & echo $! >/srv/pid", "echo b"}));
    CHECK(said.text() == "changed changed");
    CHECK(said.replies[0].output.find("said\n") != std::string::npos);
    said = run_tasks(link, tasks_of({"sleep 600 & echo $! >/srv/pid; echo said"}));
    CHECK(said.text() == "changed");
    CHECK(said.replies[0].output.ends_with("\nsaid\n"));
    CHECK(run_command(link, "kill $(cat /srv/pid)").text() == "changed");
    CHECK(soon([] { return running().empty(); }));

    said = run_tasks(link, tasks_of({"exec >&- 2>&-; true", "echo b"}));
    CHECK(said.text() == "changed changed");
    said = run_tasks(link, tasks_of({"kill -9 $(sh -c 'echo $PPID')"}));
    REQUIRE(said.replies.size() == 1);
    CHECK(said.replies[0].exit_code == 137);
    CHECK(said.result.ended);
    said = run_tasks(link, tasks_of({"sh -c 'kill -SEGV $$'"}));
    REQUIRE(said.replies.size() == 1);
    CHECK(said.replies[0].exit_code == 139);
    said = run_tasks(link, tasks_of({"exit 255"}));
    CHECK(said.replies.at(0).exit_code == 255);
    // The script itself: the task that ran is known, and nothing good is said of it.
    for (const char* signal : {"KILL", "TERM"}) {
      said = run_tasks(link, tasks_of({"echo a", std::string("kill -") + signal + " $$; sleep 1"}));
      CHECK(said.replies.size() == 1);
      CHECK_FALSE(said.result.ended);
      CHECK(said.result.running == 1);
      CHECK(said.result.remote.exit_code != 0);
      CHECK(run_command(link, "echo free").text() == "changed");
    }
  }
}
