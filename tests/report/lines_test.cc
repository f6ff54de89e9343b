#include "provisioner/report/lines.h"

#include <doctest/doctest.h>

#include "provisioner/report/columns.h"
#include "provisioner/report/table.h"

using namespace muster;

namespace {

Event event(EventType type, const std::string& node, const std::string& verb,
            const std::string& role) {
  Event event;
  event.type = type;
  event.deployment = "quickstart";
  event.node = node;
  event.verb = verb;
  event.role = role;
  return event;
}

Event run_started(int steps, std::int64_t time_ms = 1000) {
  auto started = event(EventType::run_started, "", "", "");
  started.steps = steps;
  started.time_ms = time_ms;
  return started;
}

Event run_finished(std::int64_t ms) {
  auto finished = event(EventType::run_finished, "", "", "");
  finished.ms = ms;
  return finished;
}

Event step_started(const std::string& node, const std::string& verb, const std::string& role = "") {
  return event(EventType::step_started, node, verb, role);
}

Event step_finished(const std::string& node, const std::string& verb, const std::string& role,
                    Outcome outcome, std::int64_t ms = 0) {
  auto finished = event(EventType::step_finished, node, verb, role);
  finished.outcome = outcome;
  finished.ms = ms;
  return finished;
}

Event task(const std::string& node, const std::string& role, const std::string& name,
           Outcome outcome) {
  auto finished = event(EventType::task_finished, node, "apply", role);
  finished.task = name;
  finished.outcome = outcome;
  finished.ms = 120;
  return finished;
}

Event failed_task() {
  auto failed = task("w-2", "k8s-worker", "kubelet is started", Outcome::failed);
  failed.command = "systemctl start kubelet";
  failed.exit_code = 1;
  failed.output = "Job for kubelet.service failed.\nSee \"systemctl status\".\n";
  return failed;
}

}  // namespace

TEST_CASE("lines: a finished step is one line that begins with cluster and node") {
  Lines lines(false, false);
  CHECK(lines.on(run_started(2)).empty());
  CHECK(lines.on(step_started("c-1", "create")).empty());
  CHECK(lines.on(step_finished("c-1", "create", "", Outcome::changed, 2100)) ==
        "quickstart/c-1  create               changed    2.1s\n");
  CHECK(lines.on(step_finished("c-1", "verify", "etcd", Outcome::unchanged, 40)) ==
        "quickstart/c-1  verify etcd          unchanged  40ms\n");
}

TEST_CASE("lines: a changed step says how many of its tasks changed") {
  Lines lines(false, false);
  lines.on(step_started("c-1", "apply", "etcd"));
  CHECK(lines.on(task("c-1", "etcd", "user", Outcome::unchanged)).empty());
  CHECK(lines.on(task("c-1", "etcd", "unit", Outcome::changed)).empty());
  CHECK(lines.on(step_finished("c-1", "apply", "etcd", Outcome::changed, 1400)) ==
        "quickstart/c-1  etcd                 changed    1.4s  1 of 2 tasks changed\n");
}

TEST_CASE("lines: tasks of another node do not count") {
  Lines lines(false, false);
  lines.on(step_started("c-1", "apply", "etcd"));
  lines.on(step_started("c-2", "apply", "etcd"));
  lines.on(task("c-1", "etcd", "unit", Outcome::changed));
  CHECK(lines.on(step_finished("c-2", "apply", "etcd", Outcome::changed, 1400)) ==
        "quickstart/c-2  etcd                 changed    1.4s\n");
}

TEST_CASE("lines: shorter names are filled up to the longest so far") {
  Lines lines(false, false);
  lines.on(step_started("control-001", "create"));
  CHECK(lines.on(step_finished("w", "create", "", Outcome::changed, 900)) ==
        "quickstart/w            create               changed    900ms\n");
}

TEST_CASE("lines: a failed step shows the task, its command and all of its output, once") {
  Lines lines(false, false);
  lines.on(step_started("w-2", "apply", "k8s-worker"));
  CHECK(lines.on(failed_task()).empty());
  auto finished = step_finished("w-2", "apply", "k8s-worker", Outcome::failed, 12000);
  finished.output = failed_task().output;
  CHECK(lines.on(finished) ==
        "quickstart/w-2  k8s-worker           failed     12.0s\n"
        "    task:    kubelet is started\n"
        "    command: systemctl start kubelet\n"
        "    exit code 1, output:\n"
        "      | Job for kubelet.service failed.\n"
        "      | See \"systemctl status\".\n");
}

TEST_CASE("lines: a failure without a task shows its message") {
  Lines lines(false, false);
  auto finished = step_finished("w-2", "create", "", Outcome::timed_out, 300000);
  finished.message = "the node did not answer";
  CHECK(lines.on(finished) ==
        "quickstart/w-2  create               timed out  5m00s\n"
        "    the node did not answer\n");
}

TEST_CASE("lines: a command of several lines stays below its label") {
  Lines lines(false, false);
  auto finished = step_finished("w-2", "apply", "base", Outcome::failed, 1000);
  finished.task = "swap is off";
  finished.command = "swapoff -a &&\nfalse";
  finished.exit_code = 32;
  CHECK(lines.on(finished) ==
        "quickstart/w-2  base                 failed     1.0s\n"
        "    task:    swap is off\n"
        "    command: swapoff -a &&\n"
        "             false\n"
        "    exit code 32, no output\n");
}

TEST_CASE("lines: what a node says cannot drive the terminal") {
  Lines lines(false, false);
  auto finished = step_finished("w-2", "apply", "base", Outcome::failed, 1000);
  finished.task = "t";
  finished.output =
      "\x1b[2Jgone\r\n\xc2\x9b"
      "31mred\ttab\x07\n";
  auto text = lines.on(finished);
  CHECK(
      text.ends_with("    output:\n"
                     "      | ^[[2Jgone\n"
                     "      | ^[31mred\ttab^G\n"));
}

TEST_CASE("lines: skipped steps, failures and counts come at the end") {
  Lines lines(false, false);
  lines.on(run_started(6));
  lines.on(step_finished("c-1", "create", "", Outcome::changed, 900));
  lines.on(step_finished("c-1", "apply", "base", Outcome::unchanged, 900));
  lines.on(step_started("w-2", "apply", "k8s-worker"));
  lines.on(failed_task());
  lines.on(step_finished("w-2", "apply", "k8s-worker", Outcome::failed, 12000));
  CHECK(lines.on(step_finished("w-2", "apply", "k8s-addons", Outcome::skipped)).empty());
  CHECK(lines.on(step_finished("w-3", "verify", "base", Outcome::skipped)).empty());
  CHECK(lines.on(step_finished("w-3", "apply", "etcd", Outcome::canceled)).empty());
  CHECK(lines.on(run_finished(75500)) ==
        "2 steps skipped since they need what failed: k8s-addons on w-2, verify base on w-3\n"
        "quickstart/w-2  k8s-worker failed: kubelet is started: Job for kubelet.service failed.\n"
        "quickstart: 1 changed, 1 unchanged, 1 failed, 2 skipped, 1 canceled in 1m15s\n");
}

TEST_CASE("lines: the end says of each failure where, in what and why, in the first words of it") {
  Lines lines(false, false);
  auto end_of = [&](Event failure) {
    lines.on(run_started(1));
    lines.on(failure);
    return lines.on(run_finished(10));
  };
  auto failure = step_finished("w-2", "create", "", Outcome::failed);
  const std::string counts = "quickstart: 1 failed in 10ms\n";
  CHECK(end_of(failure) == "quickstart/w-2  create failed\n" + counts);
  failure.message = "\n  no route to host\n  while connecting to w-2";
  CHECK(end_of(failure) == "quickstart/w-2  create failed: no route to host\n" + counts);
  failure.role = "base";
  failure.verb = "verify";
  failure.task = "swap is off";
  failure.message.clear();
  failure.exit_code = 32;
  CHECK(end_of(failure) ==
        "quickstart/w-2  verify base failed: swap is off: exit code 32\n" + counts);
  failure.output = "\n\n\tswapoff: \x1b[1mnot\x1b[0m permitted \r\nmore\n";
  CHECK(end_of(failure) ==
        "quickstart/w-2  verify base failed: swap is off: swapoff: ^[[1mnot^[[0m permitted\n" +
            counts);
  failure.message = "the node's shell ended before the role did";
  CHECK(end_of(failure) ==
        "quickstart/w-2  verify base failed: swap is off: the node's shell ended before the role "
        "did\n" +
            counts);
  failure.outcome = Outcome::timed_out;
  failure.message = std::string(1000, 'x');
  auto text = end_of(failure);
  CHECK(text.starts_with("quickstart/w-2  verify base timed out: swap is off: xxx"));
  CHECK(text.find('\n') == 240);
}

TEST_CASE("lines: steps that were skipped or canceled are counted, not told as failures") {
  Lines lines(false, false);
  lines.on(run_started(3));
  auto failure = step_finished("c-3", "create", "", Outcome::failed);
  failure.message = "no such image";
  lines.on(failure);
  auto skipped = step_finished("c-3", "apply", "etcd", Outcome::skipped);
  skipped.message = "because 'create c-3' failed";
  CHECK(lines.on(skipped).empty());
  CHECK(lines.on(step_finished("w-1", "apply", "base", Outcome::canceled)).empty());
  auto finished = run_finished(10);
  finished.message = "gave up after 1 failure";
  CHECK(lines.on(finished) ==
        "1 step skipped since it needs what failed: etcd on c-3\n"
        "quickstart/c-3  create failed: no such image\n"
        "quickstart: gave up after 1 failure; 1 failed, 1 skipped, 1 canceled in 10ms\n");
}

TEST_CASE("lines: many skipped steps are named by the first few") {
  Lines lines(false, false);
  lines.on(run_started(7));
  for (int i = 1; i <= 7; ++i) {
    lines.on(step_finished("w-" + std::to_string(i), "create", "", Outcome::skipped));
  }
  CHECK(lines.on(run_finished(10)) ==
        "7 steps skipped since they need what failed: create on w-1, create on w-2, "
        "create on w-3, create on w-4, create on w-5, and 2 more\n"
        "quickstart: 7 skipped in 10ms\n");
}

TEST_CASE("lines: a run without its own time takes that of its events") {
  Lines lines(false, false);
  lines.on(run_started(0, 1000));
  auto finished = run_finished(0);
  finished.time_ms = 3500;
  CHECK(lines.on(finished) == "quickstart: nothing to do in 2.5s\n");
}

TEST_CASE("lines: notes and warnings are lines of their own") {
  Lines lines(false, false);
  auto note = event(EventType::note, "c-1", "", "");
  note.message = "still running: etcd";
  CHECK(lines.on(note) == "quickstart/c-1  still running: etcd\n");
  auto warning = event(EventType::warning, "", "", "");
  warning.message = "swap is on\nturn it off";
  CHECK(lines.on(warning) ==
        "quickstart      warning: swap is on\n"
        "    turn it off\n");
  warning.deployment.clear();
  CHECK(lines.on(warning) == "warning: swap is on\n    turn it off\n");
  warning.message.clear();
  CHECK(lines.on(warning).empty());
}

TEST_CASE("lines: changed tasks have a line when it is to be verbose") {
  Lines lines(false, true);
  CHECK(lines.on(task("c-1", "etcd", "etcd is started", Outcome::changed)) ==
        "quickstart/c-1  etcd                 changed    120ms  task: etcd is started\n");
  CHECK(lines.on(task("c-1", "etcd", "user", Outcome::unchanged)).empty());
}

TEST_CASE("lines: colors are around the outcome only") {
  Lines lines(true, false);
  CHECK(lines.on(step_finished("c-1", "create", "", Outcome::changed, 2100)) ==
        "quickstart/c-1  create               \x1b[32mchanged  \x1b[0m  2.1s\n");
  CHECK(lines.on(step_finished("c-1", "apply", "etcd", Outcome::unchanged, 2100)) ==
        "quickstart/c-1  etcd                 \x1b[2munchanged\x1b[0m  2.1s\n");
  CHECK(lines.on(step_finished("c-1", "apply", "etcd", Outcome::failed, 2100)) ==
        "quickstart/c-1  etcd                 \x1b[31mfailed   \x1b[0m  2.1s\n");
  auto warning = event(EventType::warning, "", "", "");
  warning.message = "m";
  CHECK(lines.on(warning) == "quickstart      \x1b[33mwarning:\x1b[0m m\n");
}

TEST_CASE("lines: the status line says how far the run is and what runs now") {
  Lines lines(false, false);
  CHECK(lines.status(0, 80).empty());
  lines.on(run_started(23, 1000));
  lines.on(step_finished("c-1", "create", "", Outcome::changed, 100));
  lines.on(step_started("c-1", "apply", "k8s-master"));
  lines.on(task("c-1", "k8s-master", "certificates", Outcome::changed));
  lines.on(step_started("w-1", "create"));
  CHECK(lines.status(9400, 80) == "[1/23] 8.4s  c-1: k8s-master (after certificates), w-1: create");
  CHECK(lines.status(9400, 30) == "[1/23] 8.4s  c..., w-1: create");
  auto note = event(EventType::note, "w-1", "", "");
  note.message = "waits for ssh";
  lines.on(note);
  lines.on(step_finished("c-1", "apply", "k8s-master", Outcome::changed, 100));
  CHECK(lines.status(9400, 80) == "[2/23] 8.4s  w-1: create (waits for ssh)");
  lines.on(run_finished(9000));
  CHECK(lines.status(9400, 80).empty());
}

TEST_CASE("lines: a skipped step does not end the one that runs on its node") {
  Lines lines(false, false);
  lines.on(run_started(3, 0));
  lines.on(step_started("c-1", "apply", "etcd"));
  lines.on(step_finished("c-1", "apply", "k8s-master", Outcome::skipped));
  CHECK(lines.status(1000, 80) == "[1/3] 1.0s  c-1: etcd");
}

TEST_CASE("lines: several runs at once are counted apart and shown together") {
  Lines lines(false, false);
  auto other = [](Event event) {
    event.deployment = "other";
    return event;
  };
  lines.on(run_started(2, 1000));
  lines.on(other(run_started(3, 2000)));
  lines.on(step_started("c-1", "create"));
  lines.on(other(step_started("c-1", "destroy")));
  CHECK(lines.status(3000, 80) == "[0/5] 2.0s  c-1: destroy, c-1: create");
  lines.on(step_finished("c-1", "create", "", Outcome::changed, 100));
  CHECK(lines.on(run_finished(2000)) == "quickstart: 1 changed in 2.0s\n");
  CHECK(lines.status(4000, 80) == "[0/3] 2.0s  c-1: destroy");
}

TEST_CASE("columns: code points count, not bytes") {
  CHECK(columns("größe") == 5);
  CHECK(pad("ä", 3) == "ä  ");
  CHECK(pad("long", 2) == "long");
}

TEST_CASE("columns: a long text loses its middle, whole characters at a time") {
  CHECK(elide_middle("abcdefghij", 10) == "abcdefghij");
  CHECK(elide_middle("abcdefghij", 9) == "abc...hij");
  CHECK(elide_middle("abcdefghij", 8) == "abc...ij");
  CHECK(elide_middle("ääääääää", 7) == "ää...ää");
  CHECK(elide_middle("abcdef", 2) == "..");
  CHECK(elide_middle("abcdef", 0).empty());
}

TEST_CASE("table: columns are as wide as their widest cell") {
  CHECK(render_table({"NAME", "NODES", "STATE"},
                     {{"quickstart", "3", "applied"}, {"größe", "12"}, {"a\nb", "", ""}}) ==
        "NAME        NODES  STATE\n"
        "quickstart  3      applied\n"
        "größe       12\n"
        "a b\n");
  CHECK(render_table({"NAME"}, {}) == "NAME\n");
}

TEST_CASE("lines: a step that takes long is mentioned once for each period") {
  Lines lines(false, false);
  lines.on(run_started(2));
  auto started = step_started("w-2", "apply", "k8s-worker");
  started.time_ms = 50'000;
  lines.on(started);
  started.node = "w-3";
  started.time_ms = 57'000;
  lines.on(started);
  CHECK(lines.still_running(59'999, 10'000).empty());
  CHECK(lines.still_running(60'250, 10'000) ==
        "quickstart/w-2  k8s-worker           still running after 10s\n");
  CHECK(lines.still_running(60'500, 10'000).empty());
  lines.on(task("w-2", "k8s-worker", "kubelet is installed", Outcome::changed));
  CHECK(lines.still_running(72'000, 10'000) ==
        "quickstart/w-2  k8s-worker           still running after 22s  after kubelet is installed\n"
        "quickstart/w-3  k8s-worker           still running after 15s\n");
  lines.on(step_finished("w-2", "apply", "k8s-worker", Outcome::changed));
  lines.on(step_finished("w-3", "apply", "k8s-worker", Outcome::changed));
  CHECK(lines.still_running(100'000, 10'000).empty());
}

TEST_CASE("lines: a long name of a role makes room for itself in the lines that follow") {
  Lines lines(false, false);
  lines.on(run_started(2));
  lines.on(step_started("c-1", "verify", "kube-control-plane"));
  lines.on(step_started("c-2", "verify", "etcd"));
  CHECK(lines.on(step_finished("c-2", "verify", "etcd", Outcome::unchanged, 20)) ==
        "quickstart/c-2  verify etcd                unchanged  20ms\n");
  CHECK(lines.on(step_finished("c-1", "verify", "kube-control-plane", Outcome::unchanged, 20)) ==
        "quickstart/c-1  verify kube-control-plane  unchanged  20ms\n");
}

TEST_CASE(
    "lines: a run whose length is known says so when it begins, and no more exactly than that") {
  Lines lines(false, false);
  auto started = run_started(8);
  CHECK(lines.on(started).empty());
  auto shown = [&](std::int64_t ms) {
    started.eta_ms = ms;
    return lines.on(started);
  };
  CHECK(shown(33'400) == "quickstart: 8 steps, about 35 s\n");
  CHECK(shown(0) == "quickstart: 8 steps, about 1 s\n");
  CHECK(shown(7'600) == "quickstart: 8 steps, about 8 s\n");
  CHECK(shown(117'000) == "quickstart: 8 steps, about 115 s\n");
  CHECK(shown(170'000) == "quickstart: 8 steps, about 3 min\n");
  started.steps = 1;
  CHECK(shown(3'000) == "quickstart: 1 step, about 3 s\n");
}

TEST_CASE("lines: the status counts down to the last estimate, and past it says nothing") {
  Lines lines(false, false);
  auto started = run_started(2, 1000);
  started.eta_ms = 50'000;
  lines.on(started);
  lines.on(step_started("c-1", "apply", "etcd"));
  CHECK(lines.status(1000, 80) == "[0/2] 0ms, about 50 s left  c-1: etcd");
  CHECK(lines.status(39'000, 80) == "[0/2] 38.0s, about 12 s left  c-1: etcd");
  CHECK(lines.status(51'000, 80) == "[0/2] 50.0s  c-1: etcd");
  auto finished = step_finished("c-1", "apply", "etcd", Outcome::changed);
  finished.time_ms = 39'000;
  finished.eta_ms = 5'000;
  lines.on(finished);
  CHECK(lines.status(40'000, 80) == "[1/2] 39.0s, about 4 s left  ");
}

TEST_CASE("lines: of a thousand running steps the status shows the first and the last") {
  Lines lines(false, false);
  lines.on(run_started(1000));
  for (int i = 0; i < 1000; ++i) lines.on(step_started("n-" + std::to_string(i), "create"));
  CHECK(lines.status(1000, 40) == "[0/1000] 0ms  n-0: ...ate, n-999: create");
  for (int i = 1; i < 999; ++i) {
    lines.on(step_finished("n-" + std::to_string(i), "create", "", Outcome::changed));
  }
  CHECK(lines.status(1000, 60) == "[998/1000] 0ms  n-0: create, n-999: create");
}

namespace {

/// A line that shows `count` runs, the first of which has failed in one step and ended another.
Lines many(int count) {
  Lines lines(false, false, true);
  for (int i = 0; i < count; ++i) {
    auto started = run_started(4);
    started.deployment = "student-" + std::to_string(10 + i);
    lines.on(started);
  }
  for (auto outcome : {Outcome::changed, Outcome::failed}) {
    auto begun = step_started("m-1", "apply", "etcd");
    begun.deployment = "student-10";
    lines.on(begun);
    auto ended = step_finished("m-1", "apply", "etcd", outcome);
    ended.deployment = "student-10";
    CHECK((lines.on(ended) == "") == succeeded(outcome));
  }
  return lines;
}

}  // namespace

TEST_CASE("lines: each of many runs has its line of the status") {
  auto status = many(3).status_of_each(3000, 79, 20);
  REQUIRE(status.size() == 3);
  CHECK(status[0] == "student-10  [#####.....] 2/4 2.0s, 1 failed  ");
  CHECK(status[1] == "student-11  [..........] 0/4 2.0s  ");
}

TEST_CASE("lines: in a run's own line, nodes go without the name of their cluster") {
  auto lines = many(1);
  auto begun = step_started("student-10-01-002", "apply", "etcd");
  begun.deployment = "student-10";
  lines.on(begun);
  CHECK(lines.status_of_each(3000, 79, 20).front() ==
        "student-10  [#####.....] 2/4 2.0s, 1 failed  01-002: etcd");
}

TEST_CASE("lines: forty runs are readable on a small terminal") {
  auto status = many(40).status_of_each(3000, 30, 10);
  REQUIRE(status.size() == 10);
  for (const auto& line : status) CHECK(columns(line) <= 30);
  CHECK(status.back() == "and 31 more");
}

TEST_CASE("lines: there is no status before any run, and none without a row for it") {
  CHECK(Lines(false, false, true).status_of_each(0, 80, 20).empty());
  CHECK(many(2).status_of_each(3000, 80, 1) == std::vector<std::string>{"and 2 more"});
}
