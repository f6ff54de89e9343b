#include "provisioner/operations/joint_run.h"

#include <doctest/doctest.h>

#include <atomic>
#include <latch>

using namespace muster;

namespace {

Plan plan_of(const std::string& deployment) {
  Plan plan;
  plan.deployment = deployment;
  plan.steps.resize(1);
  return plan;
}

/// Shows a plan, as apply does, and says whether it went on.
JointTask asking(const std::string& name, std::atomic<int>& done) {
  return {name, [name, &done](const RunOptions& options) {
            Result result;
            result.declined = !options.confirm(plan_of(name));
            if (!result.declined) ++done;
            return result;
          }};
}

}  // namespace

TEST_CASE("joint run: all plans are asked about once, in order, before anything is done") {
  std::atomic<int> done = 0;
  int asked = 0;
  auto results = run_jointly({asking("b", done), asking("a", done), asking("c", done)}, {},
                             [&](const std::vector<const Plan*>& plans) {
                               ++asked;
                               CHECK(done == 0);
                               REQUIRE(plans.size() == 3);
                               CHECK(plans[0]->deployment == "b");
                               CHECK(plans[1]->deployment == "a");
                               CHECK(plans[2]->deployment == "c");
                               return true;
                             });
  CHECK(asked == 1);
  CHECK(done == 3);
  REQUIRE(results.size() == 3);
  CHECK(results[1].deployment == "a");
}

TEST_CASE("joint run: a no is a no to all") {
  std::atomic<int> done = 0;
  auto results =
      run_jointly({asking("a", done), asking("b", done)}, {}, [](const auto&) { return false; });
  CHECK(done == 0);
  for (const auto& result : results) CHECK(result.result.declined);
}

TEST_CASE("joint run: one that fails before the question is nothing to the others") {
  std::atomic<int> done = 0;
  JointTask broken{"x", [](const RunOptions&) -> Result { throw Error("no such provider"); }};
  std::size_t plans_shown = 0;
  auto results = run_jointly({asking("a", done), broken, asking("b", done)}, {},
                             [&](const std::vector<const Plan*>& plans) {
                               plans_shown = plans.size();
                               return true;
                             });
  CHECK(plans_shown == 2);
  CHECK(done == 2);
  CHECK_FALSE(results[0].error);
  REQUIRE(results[1].error);
  CHECK(results[1].error->what() == std::string("no such provider"));
}

TEST_CASE("joint run: a question that cannot be put is a no") {
  std::atomic<int> done = 0;
  auto results = run_jointly({asking("a", done)}, {},
                             [](const auto&) -> bool { throw Error("the terminal is gone"); });
  CHECK(results.front().result.declined);
  CHECK(done == 0);
}

TEST_CASE("joint run: who has nothing to change neither asks nor waits for the answer") {
  std::latch checked(1);
  JointTask checking{"same", [&](const RunOptions& options) {
                       CHECK(options.confirm(Plan{}));
                       checked.count_down();
                       return Result{};
                     }};
  std::atomic<int> done = 0;
  bool asked = false;
  run_jointly({checking, asking("a", done)}, {}, [&](const std::vector<const Plan*>& plans) {
    asked = true;
    checked.wait();
    return plans.size() == 1;
  });
  CHECK(asked);
  CHECK(done == 1);
  asked = false;
  run_jointly({checking}, {}, [&](const auto&) { return asked = true; });
  CHECK_FALSE(asked);
}

TEST_CASE("joint run: steps at once are for all together") {
  RunOptions options;
  options.parallel = 7;
  std::atomic<int> parallel = 0;
  JointTask task{"a", [&](const RunOptions& own) {
                   parallel += own.parallel;
                   return Result{};
                 }};
  run_jointly({task, task, task}, options, nullptr);
  CHECK(parallel == 6);
  options.parallel = 1;
  parallel = 0;
  run_jointly({task, task, task}, options, nullptr);
  CHECK(parallel == 3);
}
