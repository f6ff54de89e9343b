#include <doctest/doctest.h>

#include <atomic>
#include <chrono>

#include "tests/support/clusters.h"
#include "tests/support/runs.h"

using namespace muster;
using namespace muster::testing;

namespace {

using Lines = std::vector<std::string>;

/// Holds those who come until `count` are there at once.
class Meeting {
 public:
  explicit Meeting(int count) : missing_(count) {}

  /// False when the others did not come.
  bool join() {
    --missing_;
    for (Deadline deadline(std::chrono::seconds(20)); missing_ > 0 && !deadline.passed();) {
      pause_for(std::chrono::milliseconds(1));
    }
    return missing_ <= 0;
  }

 private:
  std::atomic<int> missing_;
};

std::map<std::string, Outcome> outcomes_of(const RecordingReporter& reporter) {
  std::map<std::string, Outcome> outcomes;
  for (const auto& event : reporter.of(EventType::step_finished)) {
    CHECK(outcomes.emplace(event.step, event.outcome).second);
  }
  return outcomes;
}

}  // namespace

TEST_CASE("scheduler: an empty plan starts and finishes") {
  FakeRun fakes;
  CHECK(fakes.run({}, 4).good());
  REQUIRE(fakes.reporter.events.size() == 2);
  CHECK(fakes.reporter.events[0].type == EventType::run_started);
  CHECK(fakes.reporter.events[1].type == EventType::run_finished);
  CHECK(fakes.reporter.events[1].outcome == Outcome::unchanged);
}

TEST_CASE("scheduler: alone, steps run by the longest chain behind them, then as planned") {
  // 0 has nobody behind it, 1 has one, 2 has two (3, then 4).
  auto plan = make_plan({"a", "b", "c", "d", "e", "f"}, {{}, {}, {}, {2}, {3}, {1}});
  for (int i = 0; i < 50; ++i) {
    FakeRun fakes;
    CHECK(fakes.run(plan, 1).changed == 6);
    CHECK(fakes.reporter.titles(EventType::step_started) ==
          Lines{"create c", "create b", "create d", "create a", "create e", "create f"});
  }
}

TEST_CASE("scheduler: gates are no steps when chains are measured") {
  auto plan = make_plan({"a", "b", "c", "d"}, {{}, {}, {0}});
  plan.gates.push_back({"b first", {1}, Opens::all_well});
  plan.steps[3].gates = {0};
  FakeRun fakes;
  fakes.run(plan, 1);
  CHECK(fakes.reporter.titles(EventType::step_started) ==
        Lines{"create a", "create b", "create c", "create d"});
}

TEST_CASE("scheduler: independent steps of different nodes run at once") {
  Meeting meeting(3);
  std::atomic<int> met = 0;
  FakeRun fakes;
  fakes.runner.meanwhile = [&](const Step&, const auto&) { met += meeting.join() ? 1 : 0; };
  fakes.run(make_plan({"a", "b", "c"}), 3);
  CHECK(met == 3);
}

TEST_CASE("scheduler: no more steps at once than asked for") {
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  for (int i = 0; i < 50; ++i) {
    FakeRun fakes;
    fakes.runner.meanwhile = [&](const Step&, const auto&) {
      int now = ++running;
      for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
      }
      pause_for(std::chrono::milliseconds(1));
      --running;
    };
    fakes.run(make_plan({"a", "b", "c", "d", "e", "f", "g", "h"}), 2);
  }
  CHECK(most <= 2);
}

TEST_CASE("scheduler: a node has one step at a time, and its wait holds up nobody else") {
  auto plan = make_plan({"a", "a", "a", "b"});
  Meeting meeting(2);
  std::atomic<int> met = 0;
  FakeRun fakes;
  fakes.runner.meanwhile = [&](const Step& step, const auto&) {
    if (step.id == 0 || step.id == 3) met += meeting.join() ? 1 : 0;
  };
  CHECK(fakes.run(plan, 2).changed == 4);
  CHECK(met == 2);
  CHECK_FALSE(fakes.runner.overlapped());
}

TEST_CASE("scheduler: what needs a failed step is skipped and says whose fault it is") {
  auto plan = make_plan({"a", "b", "c", "d"}, {{}, {0}, {1}, {}});
  FakeRun fakes;
  fakes.runner.outcomes[0] = Outcome::timed_out;
  auto summary = fakes.run(plan, 4);
  CHECK(summary.failed == 1);
  CHECK(summary.skipped == 2);
  CHECK(summary.changed == 1);
  CHECK_FALSE(summary.good());
  CHECK_FALSE(summary.interrupted);
  for (const auto& event : fakes.reporter.of(EventType::step_finished)) {
    if (event.outcome == Outcome::skipped) CHECK(event.message == "because 'create a' failed");
  }
  CHECK(fakes.reporter.events.back().outcome == Outcome::failed);
  CHECK(fakes.reporter.events.back().steps == 1);
}

TEST_CASE("scheduler: a skipped step is not journaled, for it never began") {
  auto plan = make_plan({"a", "b"}, {{}, {0}});
  FakeRun fakes;
  fakes.runner.outcomes[0] = Outcome::failed;
  fakes.run(plan, 4);
  CHECK(fakes.journal.lines == Lines{"before create a", "after create a"});
}

TEST_CASE("scheduler: a step despite failures waits for its needs and runs whatever came of them") {
  auto plan = make_plan({"a", "b", "c"}, {{}, {0}, {1}});
  plan.steps[2].despite_failures = true;
  FakeRun fakes;
  fakes.runner.outcomes[0] = Outcome::failed;
  auto outcomes = (fakes.run(plan, 4), outcomes_of(fakes.reporter));
  CHECK(outcomes.at("create b") == Outcome::skipped);
  CHECK(outcomes.at("create c") == Outcome::changed);
}

TEST_CASE(
    "scheduler: a removal that fails on a node that answers, or may not begin, goes no further") {
  auto plan = make_plan({"a", "b", "c", "d"}, {{}, {}, {1}, {2}});
  for (std::size_t at : {1, 2, 3}) plan.steps[at].despite_failures = true;
  SUBCASE("it failed") {
    FakeRun fakes;
    fakes.runner.outcomes[1] = Outcome::failed;
    fakes.runner.holds = {1};
    auto outcomes = (fakes.run(plan, 4), outcomes_of(fakes.reporter));
    CHECK(outcomes.at("create c") == Outcome::skipped);
    CHECK(outcomes.at("create d") == Outcome::skipped);
    CHECK(outcomes.at("create a") == Outcome::changed);
  }
  SUBCASE("who should take its place failed") {
    plan.gates = {{"the new nodes", {0}, Opens::all_well}};
    plan.steps[1].gates = {0};
    FakeRun fakes;
    fakes.runner.outcomes[0] = Outcome::failed;
    auto outcomes = (fakes.run(plan, 4), outcomes_of(fakes.reporter));
    for (const char* step : {"create b", "create c", "create d"}) {
      CHECK(outcomes.at(step) == Outcome::skipped);
    }
  }
}

TEST_CASE("scheduler: a machine that stays is not let go of when an undo failed; others are") {
  auto roles = stock_roles();
  auto record = applied(stock_cluster(2), roles);
  for (auto& node : record.nodes) node.wiped = false;
  auto plan = plan_destroy(record, roles);
  FakeRun fakes;
  fakes.runner.outcomes[find_step(plan, "undo k8s-worker on w-1")->id] = Outcome::timed_out;
  auto outcomes = (fakes.run(plan, 4), outcomes_of(fakes.reporter));
  CHECK(outcomes.at("undo network-bridge on w-1") == Outcome::changed);
  CHECK(outcomes.at("undo base on w-1") == Outcome::skipped);
  CHECK(outcomes.at("destroy w-1") == Outcome::skipped);
  for (const auto& [step, outcome] : outcomes) {
    if (!step.ends_with("w-1")) CHECK(outcome == Outcome::changed);
  }
}

TEST_CASE("scheduler: a gate passes a failure on unless it opens all the same") {
  auto plan = make_plan({"a", "b", "c", "d", "e"});
  plan.gates = {{"every", {0, 1}, Opens::all_well},
                {"one", {0, 1}, Opens::one_well},
                {"any", {0, 1}, Opens::ended}};
  for (int gate : {0, 1, 2}) plan.steps[static_cast<std::size_t>(gate + 2)].gates = {gate};
  FakeRun fakes;
  fakes.runner.outcomes[0] = Outcome::failed;
  auto outcomes = (fakes.run(plan, 4), outcomes_of(fakes.reporter));
  CHECK(outcomes.at("create c") == Outcome::skipped);
  CHECK(outcomes.at("create d") == Outcome::changed);
  CHECK(outcomes.at("create e") == Outcome::changed);

  FakeRun worse;
  worse.runner.outcomes = {{0, Outcome::failed}, {1, Outcome::timed_out}};
  outcomes = (worse.run(plan, 4), outcomes_of(worse.reporter));
  CHECK(outcomes.at("create d") == Outcome::skipped);
  CHECK(outcomes.at("create e") == Outcome::changed);
}

TEST_CASE("scheduler: a gate of one waits for those that are still trying") {
  auto plan = make_plan({"a", "b", "c"});
  plan.gates = {{"one", {0, 1}, Opens::one_well}};
  plan.steps[2].gates = {0};
  FakeRun fakes;
  fakes.runner.outcomes[1] = Outcome::failed;
  fakes.run(plan, 1);
  CHECK(fakes.reporter.titles(EventType::step_started) ==
        Lines{"create a", "create b", "create c"});
}

TEST_CASE("scheduler: what a runner throws is the message of a failed step") {
  FakeRun fakes;
  fakes.runner.meanwhile = [](const Step&, const auto&) {
    throw Error("no route to host").while_doing("connecting to a");
  };
  CHECK(fakes.run(make_plan({"a"}), 1).failed == 1);
  auto finished = fakes.reporter.of(EventType::step_finished).at(0);
  CHECK(finished.outcome == Outcome::failed);
  CHECK(finished.message == "no route to host\n  while connecting to a");
}

TEST_CASE("scheduler: task events come between start and end of their step and name it") {
  FakeRun fakes;
  fakes.runner.meanwhile = [](const Step&, const auto& emit) {
    Event event;
    event.type = EventType::task_finished;
    event.task = "etcd is started";
    emit(event);
    event.time_ms = 5;
    emit(event);
  };
  auto plan = make_plan({"a"});
  plan.steps[0].verb = Verb::apply_role;
  plan.steps[0].role = "etcd";
  fakes.run(plan, 1);
  const auto& events = fakes.reporter.events;
  REQUIRE(events.size() == 6);
  CHECK(events[0].steps == 1);
  CHECK(events[1].type == EventType::step_started);
  CHECK(events[2].type == EventType::task_finished);
  CHECK(events[2].task == "etcd is started");
  CHECK(events[2].time_ms > 1'000'000);
  CHECK(events[3].time_ms == 5);
  CHECK(events[4].type == EventType::step_finished);
  CHECK(events[4].ms > 0);
  for (std::size_t i = 1; i < 5; ++i) {
    CHECK(events[i].deployment == "quickstart");
    CHECK(events[i].node == "a");
    CHECK(events[i].step == "etcd on a");
    CHECK(events[i].verb == "apply");
    CHECK(events[i].role == "etcd");
  }
}

TEST_CASE("scheduler: a failed step's event carries what a person needs") {
  class Failing : public StepRunner {
    StepResult run(const Step&, const std::function<void(Event)>&) override {
      StepResult result;
      result.task = "start etcd";
      result.command = "systemctl start etcd";
      result.exit_code = 3;
      result.output = "unit not found";
      result.message = "no etcd";
      return result;
    }
  } failing;
  FakeRun fakes;
  run_plan(make_plan({"a"}), fakes.fibers, failing, fakes.journal, fakes.reporter, fakes.clock, {1},
           {});
  auto event = fakes.reporter.of(EventType::step_finished).at(0);
  CHECK(event.task == "start etcd");
  CHECK(event.command == "systemctl start etcd");
  CHECK(event.exit_code == 3);
  CHECK(event.output == "unit not found");
  CHECK(event.message == "no etcd");
}

TEST_CASE("scheduler: a stop lets steps in flight finish and cancels the rest") {
  for (int i = 0; i < 50; ++i) {
    auto plan = make_plan({"a", "b", "c", "d"}, {{}, {}, {}, {0}});
    Meeting meeting(2);
    FakeRun fakes;
    fakes.runner.meanwhile = [&](const Step& step, const auto&) {
      meeting.join();
      if (step.id == 0) fakes.stop.request_stop();
      while (!fakes.stop.stop_requested()) pause_for(std::chrono::milliseconds(1));
    };
    auto summary = fakes.run(plan, 2);
    CHECK(summary.interrupted);
    CHECK(summary.changed == 2);
    CHECK(summary.canceled == 2);
    CHECK(summary.failed + summary.skipped == 0);
    CHECK_FALSE(summary.good());
    CHECK(outcomes_of(fakes.reporter).at("create d") == Outcome::canceled);
    CHECK(fakes.reporter.events.back().type == EventType::run_finished);
    CHECK(fakes.reporter.events.back().outcome == Outcome::canceled);
    CHECK(fakes.journal.lines.size() == 4);
  }
}

TEST_CASE("scheduler: a step that the stop cut short skips nobody") {
  auto plan = make_plan({"a", "b"}, {{}, {0}});
  FakeRun fakes;
  fakes.runner.outcomes[0] = Outcome::canceled;
  fakes.runner.meanwhile = [&](const Step&, const auto&) { fakes.stop.request_stop(); };
  auto summary = fakes.run(plan, 1);
  CHECK(summary.canceled == 2);
  CHECK(summary.interrupted);
}

TEST_CASE("scheduler: after too many failures what is in flight finishes, the rest is canceled") {
  /// Lets a runner know that the scheduler has seen the end of step 0.
  class Watching : public RunJournal {
   public:
    void before(const Step&) override {}
    void after(const Step& step, const StepResult&) override { seen = seen || step.id == 0; }
    std::atomic<bool> seen = false;
  };
  for (int i = 0; i < 50; ++i) {
    auto plan = make_plan({"a", "b", "c", "d", "e"}, {{}, {}, {0}, {1}, {}});
    Watching journal;
    FakeRun fakes;
    fakes.runner.outcomes[0] = Outcome::failed;
    fakes.runner.meanwhile = [&](const Step& step, const auto&) {
      while (step.id == 1 && !journal.seen) pause_for(std::chrono::milliseconds(1));
    };
    auto summary = run_plan(plan, fakes.fibers, fakes.runner, journal, fakes.reporter, fakes.clock,
                            {2, 1}, {});
    CHECK(summary.failed == 1);
    CHECK(summary.gave_up);
    CHECK_FALSE(summary.interrupted);
    std::map<std::string, Outcome> wanted{{"create a", Outcome::failed},
                                          {"create b", Outcome::changed},
                                          {"create c", Outcome::skipped},
                                          {"create d", Outcome::canceled},
                                          {"create e", Outcome::canceled}};
    CHECK(outcomes_of(fakes.reporter) == wanted);
    CHECK(fakes.reporter.events.back().message == "gave up after 1 failure");
    CHECK(fakes.reporter.events.back().outcome == Outcome::failed);
  }
}

TEST_CASE("scheduler: fewer failures than allowed stop nothing, nor does the last step's") {
  auto plan = make_plan({"a", "b", "c"});
  FakeRun fakes;
  fakes.max_failures = 2;
  fakes.runner.outcomes[0] = Outcome::failed;
  auto summary = fakes.run(plan, 1);
  CHECK(summary.changed == 2);
  CHECK_FALSE(summary.gave_up);
  FakeRun last;
  last.max_failures = 1;
  last.runner.outcomes[2] = Outcome::failed;
  CHECK_FALSE(last.run(plan, 1).gave_up);
  CHECK(last.reporter.events.back().message.empty());
}

TEST_CASE("scheduler: a stop that came before the failures is a stop") {
  auto plan = make_plan({"a", "b"});
  FakeRun fakes;
  fakes.max_failures = 1;
  fakes.runner.outcomes[0] = Outcome::failed;
  fakes.runner.meanwhile = [&](const Step&, const auto&) { fakes.stop.request_stop(); };
  auto summary = fakes.run(plan, 1);
  CHECK(summary.interrupted);
  CHECK_FALSE(summary.gave_up);
}

TEST_CASE("scheduler: a stop after the last step interrupts nothing") {
  FakeRun fakes;
  fakes.runner.meanwhile = [&](const Step&, const auto&) { fakes.stop.request_stop(); };
  CHECK(fakes.run(make_plan({"a"}), 1).good());
}

TEST_CASE("scheduler: a stop before the run cancels everything") {
  FakeRun fakes;
  fakes.stop.request_stop();
  CHECK(fakes.run(make_plan({"a", "b"}), 2).canceled == 2);
  CHECK(fakes.journal.lines.empty());
}

TEST_CASE("scheduler: a step that the journal cannot announce does not start") {
  FakeRun fakes;
  fakes.journal.fails_at = "before create b";
  CHECK_THROWS_WITH_AS(fakes.run(make_plan({"a", "b", "c"}), 1), "the disk is full", Error);
  CHECK(fakes.reporter.titles(EventType::step_started) == Lines{"create a"});
  CHECK(outcomes_of(fakes.reporter).at("create c") == Outcome::canceled);
  CHECK(fakes.reporter.events.back().type == EventType::run_finished);
}

TEST_CASE("scheduler: when an end cannot be journaled nothing more is started") {
  auto plan = make_plan({"a", "b"}, {{}, {0}});
  FakeRun fakes;
  fakes.journal.fails_at = "after create a";
  CHECK_THROWS_WITH_AS(fakes.run(plan, 2), "the disk is full", Error);
  CHECK(fakes.reporter.titles(EventType::step_started) == Lines{"create a"});
}

TEST_CASE(
    "scheduler: a big run and a small one share what there is, and the small one ends first") {
  Fibers fibers(2);
  Turnstile uploads(2);
  std::atomic<int> of_big = 0;
  std::atomic<int> of_big_when_small_ended = -1;
  class Uploading : public StepRunner {
   public:
    Uploading(Turnstile& uploads, std::string key, std::atomic<int>& done)
        : uploads_(uploads), key_(std::move(key)), done_(done) {}
    StepResult run(const Step&, const std::function<void(Event)>&) override {
      auto turn = uploads_.enter(key_);
      pause_for(std::chrono::milliseconds(1));
      ++done_;
      StepResult result;
      result.outcome = Outcome::changed;
      return result;
    }

   private:
    Turnstile& uploads_;
    std::string key_;
    std::atomic<int>& done_;
  };
  auto run = [&](int steps, const std::string& name, std::atomic<int>& done) {
    std::vector<std::string> nodes;
    for (int i = 0; i < steps; ++i) nodes.push_back(name + std::to_string(i));
    auto plan = make_plan(nodes);
    plan.deployment = name;
    Uploading runner(uploads, name, done);
    FakeRun fakes;
    return run_plan(plan, fibers, runner, fakes.journal, fakes.reporter, fakes.clock, {}, {});
  };
  std::jthread big([&] { CHECK(run(400, "big", of_big).changed == 400); });
  for (Deadline deadline(std::chrono::seconds(20)); of_big < 2 && !deadline.passed();) {
    pause_for(std::chrono::milliseconds(1));
  }
  std::atomic<int> of_small = 0;
  CHECK(run(3, "small", of_small).changed == 3);
  of_big_when_small_ended = of_big.load();
  CHECK(of_big_when_small_ended < 200);
}

TEST_CASE("scheduler: a node is released once, after its last step, whatever came of it") {
  class Releasing : public FakeRunner {
   public:
    void release(const std::string& node) override {
      std::lock_guard lock(mutex);
      released.push_back(node);
    }
    std::mutex mutex;
    std::vector<std::string> released;
  } runner;
  auto plan = make_plan({"a", "b", "a", "c"}, {{}, {}, {0}, {1}});
  runner.outcomes[1] = Outcome::failed;  // c is skipped
  FakeRun fakes;
  run_plan(plan, fakes.fibers, runner, fakes.journal, fakes.reporter, fakes.clock, {}, {});
  std::ranges::sort(runner.released);
  CHECK(runner.released == Lines{"a", "b"});
}

TEST_CASE(
    "scheduler: what begins at once is put on record at once, and nothing of it else starts") {
  class Batching : public RecordingJournal {
   public:
    void together(const std::function<void()>& hooks) override {
      lines.push_back("begin");
      hooks();
      if (fails) throw Error("the disk is full");
      lines.push_back("end");
    }
    bool fails = false;
  };
  auto plan = make_plan({"a", "b", "c"});
  FakeRun fakes;
  Batching journal;
  CHECK(run_plan(plan, fakes.fibers, fakes.runner, journal, fakes.reporter, fakes.clock, {}, {})
            .changed == 3);
  REQUIRE(journal.lines.size() > 5);
  CHECK(Lines(journal.lines.begin(), journal.lines.begin() + 5) ==
        Lines{"begin", "before create a", "before create b", "before create c", "end"});

  Batching failing;
  failing.fails = true;
  CHECK_THROWS_WITH_AS(
      run_plan(plan, fakes.fibers, fakes.runner, failing, fakes.reporter, fakes.clock, {}, {}),
      "the disk is full", Error);
  CHECK(fakes.reporter.titles(EventType::step_started).size() == 3);
}
