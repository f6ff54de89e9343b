// An apply and what it leaves: its lock, its journal, what it learned for the next one.
#include <doctest/doctest.h>

#include "provisioner/base/error.h"
#include "tests/state/support.h"
#include "tests/support/trial.h"

using namespace muster;
using namespace muster::testing;

TEST_CASE(
    "apply: a run that learns that its lock is lost starts nothing more, and says who has it") {
  Trial trial;
  int asked = 0;
  trial.provider->at_create = [&] {
    ++asked;
    take_over(*trial.other_store(), "d");
    trial.heartbeat().beat();
  };
  try {
    trial.apply(3);
    FAIL("it went on");
  } catch (const Error& error) {
    CHECK(error.exit_code() == ExitCode::locked);
    CHECK(error.what() == kLostLock);
  }
  CHECK(trial.store().lease("d")->owner == "theirs");
  CHECK(asked == 1);
}

TEST_CASE("apply: a run whose lock is lost before it changes anything says so") {
  Trial trial;
  trial.confirm = [&](const Plan&) {
    take_over(*trial.other_store(), "d");
    trial.heartbeat().beat();
    return true;
  };
  CHECK_THROWS_WITH_AS(trial.apply(), kLostLock.c_str(), Error);
  CHECK_THROWS_AS(trial.apply_atomic(1), Error);
  CHECK(trial.provider->nodes.empty());
}

TEST_CASE("journal: of a run that is stopped, every step is told of") {
  Trial trial;
  trial.provider->at_create = [&] { trial.stop.request_stop(); };
  auto summary = trial.apply(2);
  CHECK(summary.canceled == 2);
  auto steps = told(trial.store(), EventType::step_finished);
  std::sort(steps.begin(), steps.end());
  CHECK(steps == std::vector<std::string>{"canceled create w-001", "canceled create w-002",
                                          "changed create m-001: 192.0.2.1"});
  CHECK(trial.store().runs("d").back().result == "interrupted");
}

TEST_CASE("durations: a run says how long it takes once another had steps of the same kinds") {
  Trial trial;
  auto eta_of = [&] {
    auto eta = trial.reporter.of(EventType::run_started).back().eta_ms;
    trial.reporter.events.clear();
    return eta;
  };
  REQUIRE(trial.apply(1).good());
  CHECK_FALSE(eta_of());
  REQUIRE(trial.apply(2).good());
  CHECK(eta_of());
  REQUIRE(trial.destroy().good());
  CHECK_FALSE(eta_of());  // nothing was ever destroyed
}

TEST_CASE("durations: a plan is the same whatever was learned") {
  Trial trial;
  REQUIRE(trial.apply(1).good());
  auto before = trial.plan_json(3);
  REQUIRE(trial.apply(2).good());
  REQUIRE(trial.destroy().good());
  REQUIRE(trial.apply(1).good());
  auto after = trial.plan_json(3);
  auto revision = [](const std::string& json) { return json.find("\"base_revision\""); };
  auto steps = [](const std::string& json) { return json.substr(json.find("\"steps\"")); };
  CHECK(revision(before) != std::string::npos);
  CHECK(steps(before) == steps(after));
}
