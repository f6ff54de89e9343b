#include "provisioner/run/durations.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "tests/support/clusters.h"
#include "tests/support/folder.h"
#include "tests/support/runs.h"

using namespace muster;
using namespace muster::testing;

namespace {

/// A store in a folder of its own.
struct Kept {
  TestFolder folder;
  std::unique_ptr<Store> store = open_store(folder.path() / "state");

  Durations durations(const Cluster& cluster = stock_cluster(2)) {
    return {*store, cluster, DeploymentRecord{}};
  }
};

Step step_of(Verb verb, const std::string& node, const std::string& role = "") {
  Step step;
  step.verb = verb;
  step.node = node;
  step.role = role;
  return step;
}

StepResult result_of(Outcome outcome) {
  StepResult result;
  result.outcome = outcome;
  return result;
}

const Step kEtcd = step_of(Verb::apply_role, "c-1", "etcd");

}  // namespace

TEST_CASE("durations: the next run knows what this one learned, by role or by provider") {
  Kept kept;
  {
    auto durations = kept.durations();
    durations.learn(kEtcd, 700);
    durations.learn(step_of(Verb::apply_role, "w-1", "base"), 100);
    durations.learn(step_of(Verb::apply_role, "w-2", "base"), 300);
    durations.learn(step_of(Verb::create_node, "w-1"), 2000);
    CHECK_FALSE(durations.expected_ms(kEtcd));  // this run keeps to what it began with
    durations.save();
  }
  auto durations = kept.durations();
  CHECK(durations.expected_ms(kEtcd) == 700);
  CHECK(durations.expected_ms(step_of(Verb::apply_role, "anywhere", "base")) == 200);
  CHECK(durations.expected_ms(step_of(Verb::create_node, "w-2")) == 2000);
  CHECK_FALSE(durations.expected_ms(step_of(Verb::create_node, "of-no-provider")));
  CHECK_FALSE(durations.expected_ms(step_of(Verb::destroy_node, "w-1")));
  CHECK_FALSE(durations.expected_ms(step_of(Verb::undo_role, "c-1", "etcd")));
}

TEST_CASE("durations: a node on record is known by the provider that it came from") {
  Kept kept;
  DeploymentRecord record;
  record.nodes.emplace_back();
  record.nodes.back().name = "old-1";
  record.nodes.back().provider = "local";
  Durations first(*kept.store, Cluster{}, record);
  first.learn(step_of(Verb::destroy_node, "old-1"), 50);
  first.save();
  CHECK(kept.durations().expected_ms(step_of(Verb::destroy_node, "w-1")) == 50);
}

TEST_CASE("durations: half is this run, half what was known") {
  Kept kept;
  for (std::int64_t ms : {1000, 2000, 500}) {
    auto durations = kept.durations();
    durations.learn(kEtcd, ms);
    durations.save();
  }
  CHECK(kept.durations().expected_ms(kEtcd) == 1000);
  REQUIRE(kept.store->durations().size() == 1);
  CHECK(kept.store->durations().front().samples == 3);
}

TEST_CASE("durations: weights are what was learned and what a role takes to settle, else a guess") {
  Kept kept;
  auto teacher = kept.durations();
  teacher.learn(kEtcd, 300);
  teacher.save();
  auto roles = stock_roles();
  for (auto& role : roles) role.settles_seconds = role.name == "etcd" ? 4 : 0;
  auto plan = plan_apply(stock_cluster(1), roles, nullptr);
  kept.durations().weigh(plan);
  CHECK(find_step(plan, "etcd on c-1")->weight == 4300);
  CHECK(find_step(plan, "base on c-1")->weight == kGuessedMs);
  CHECK_FALSE(kept.durations().expected_ms(plan));  // of one step in many
}

TEST_CASE("durations: weighing changes nothing of a plan but its weights") {
  Kept kept;
  CHECK(rc::check([&] {
    auto workers = *rc::gen::inRange(0, 5);
    auto plan = plan_apply(stock_cluster(workers), stock_roles(), nullptr);
    auto durations = kept.durations();
    for (const auto& step : plan.steps) {
      if (*rc::gen::inRange(0, 2) == 0) durations.learn(step, *rc::gen::inRange(0, 100'000));
    }
    durations.save();
    auto weighed = plan;
    kept.durations().weigh(weighed);
    for (auto& step : weighed.steps) {
      RC_ASSERT(step.weight >= 0);
      step.weight = plan.steps[static_cast<std::size_t>(step.id)].weight;
    }
    RC_ASSERT(plan_json(weighed) == plan_json(plan));
  }));
}

TEST_CASE("durations: only steps that ended well teach, and the journal below gets everything") {
  Kept kept;
  auto durations = kept.durations();
  RecordingJournal journal;
  LearningJournal learning(journal, durations);
  auto failed = step_of(Verb::apply_role, "w-1", "base");
  failed.id = 1;
  learning.before(kEtcd);
  learning.before(failed);
  learning.after(kEtcd, result_of(Outcome::changed));
  learning.after(failed, result_of(Outcome::failed));
  durations.save();
  CHECK(journal.lines == std::vector<std::string>{"before etcd on c-1", "before base on w-1",
                                                  "after etcd on c-1", "after base on w-1"});
  CHECK(kept.durations().expected_ms(kEtcd).has_value());
  CHECK_FALSE(kept.durations().expected_ms(failed));
}

TEST_CASE("durations: what cannot be recorded is let go") {
  Kept kept;
  auto durations = kept.durations();
  durations.learn(kEtcd, 10);
  std::filesystem::remove_all(kept.folder.path() / "state");
  durations.save();
}
