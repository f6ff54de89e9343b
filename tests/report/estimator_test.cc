#include "provisioner/report/estimator.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <numeric>

#include "provisioner/plan/graph.h"
#include "provisioner/report/eta.h"

using namespace muster;

namespace {

int below(int end) { return *rc::gen::inRange(0, end); }

std::size_t index(int id) { return static_cast<std::size_t>(id); }

/// Steps named by their numbers, each on the node named; needs point to earlier ones.
Plan plan_of(const std::vector<std::string>& nodes, const std::vector<std::vector<int>>& needs) {
  Plan plan;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    Step step;
    step.id = static_cast<int>(i);
    step.verb = Verb::apply_role;
    step.node = nodes[i];
    step.role = "r" + std::to_string(i);
    if (i < needs.size()) step.needs = needs[i];
    plan.steps.push_back(step);
  }
  return plan;
}

Plan random_plan() {
  std::vector<std::string> nodes;
  std::vector<std::vector<int>> needs;
  auto count = 1 + below(30);
  for (int i = 0; i < count; ++i) {
    nodes.push_back("n" + std::to_string(below(6)));
    needs.emplace_back();
    for (int left = i == 0 ? 0 : below(3); left > 0; --left) needs.back().push_back(below(i));
  }
  auto plan = plan_of(nodes, needs);
  if (count > 2) {
    plan.gates.push_back({"all", {0, 1}, Opens::all_well});
    plan.steps.back().gates = {0};
  }
  return plan;
}

std::vector<std::int64_t> random_times(const Plan& plan) {
  std::vector<std::int64_t> times;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) times.push_back(below(10'000));
  return times;
}

/// Runs `plan` as a scheduler would, each step exactly as long as expected; calls `at` with the
/// time whenever something starts or ends. Returns when it was over.
template <typename At>
std::int64_t play(const Plan& plan, const std::vector<std::int64_t>& times, int parallel,
                  Estimator& estimator, At at) {
  PlanGraph graph(plan);
  auto priority = graph.chain_weights(times);
  std::vector<int> open = graph.waiting_for;
  std::vector<bool> started(plan.steps.size());
  std::map<std::string, bool> busy;
  std::vector<std::pair<std::int64_t, int>> running;  // end, step
  std::int64_t now = 0;
  auto release = [&](int vertex, auto& self) -> void {
    for (int follower : graph.followers[index(vertex)]) {
      bool free = --open[index(follower)] == 0;
      if (free && index(follower) >= plan.steps.size()) self(follower, self);
    }
  };
  for (;;) {
    while (static_cast<int>(running.size()) < parallel) {
      int next = -1;
      for (const auto& step : plan.steps) {
        if (started[index(step.id)] || open[index(step.id)] > 0 || busy[step.node]) continue;
        if (next < 0 || priority[index(step.id)] > priority[index(next)]) next = step.id;
      }
      if (next < 0) break;
      started[index(next)] = true;
      busy[plan.steps[index(next)].node] = true;
      running.emplace_back(now + times[index(next)], next);
      estimator.start(next, now);
      at(now);
    }
    if (running.empty()) return now;
    auto first = std::min_element(running.begin(), running.end());
    auto [end, step] = *first;
    running.erase(first);
    now = end;
    at(now);
    busy[plan.steps[index(step)].node] = false;
    estimator.finish(step);
    release(step, release);
    at(now);
  }
}

}  // namespace

TEST_CASE("estimator: of a chain, a busy node and much work, the longest counts") {
  Estimator chain(plan_of({"a", "b", "c"}, {{}, {0}, {1}}), {1000, 2000, 3000}, 10);
  CHECK(chain.left_ms(0) == 6000);
  Estimator node(plan_of({"a", "a", "b"}, {}), {1000, 2000, 500}, 10);
  CHECK(node.left_ms(0) == 3000);
  Estimator work(plan_of({"a", "b", "c"}, {}), {1000, 1000, 1000}, 2);
  CHECK(work.left_ms(0) == 1500);
  Estimator none(plan_of({}, {}), {}, 4);
  CHECK(none.left_ms(0) == 0);
}

TEST_CASE("estimator: what runs counts by what is left of it, and never below nothing") {
  Estimator estimator(plan_of({"a", "b"}, {{}, {0}}), {1000, 2000}, 4);
  estimator.start(0, 500);
  CHECK(estimator.left_ms(900) == 2600);
  CHECK(estimator.left_ms(100'000) == 2000);  // late: about to end
  CHECK(estimator.left_ms(0) == 3000);        // a clock that was set back
  estimator.finish(0);
  estimator.finish(0);
  estimator.start(0, 7);
  CHECK(estimator.left_ms(1500) == 2000);
  estimator.finish(1);  // skipped: it never started
  CHECK(estimator.left_ms(1500) == 0);
}

TEST_CASE("estimator: never negative, and less with each step that ends, in any order") {
  CHECK(rc::check([] {
    auto plan = random_plan();
    Estimator estimator(plan, random_times(plan), 1 + below(5));
    std::vector<int> order(plan.steps.size());
    std::iota(order.begin(), order.end(), 0);
    std::int64_t now = 0;
    auto left = estimator.left_ms(now);
    while (!order.empty()) {
      auto at = order.begin() + below(static_cast<int>(order.size()));
      if (below(2) == 0) {
        estimator.start(*at, now);
        now += below(3000);
        RC_ASSERT(estimator.left_ms(now) <= left);
        left = estimator.left_ms(now);
      }
      estimator.finish(*at);
      order.erase(at);
      RC_ASSERT(estimator.left_ms(now) >= 0);
      RC_ASSERT(estimator.left_ms(now) <= left);
      left = estimator.left_ms(now);
    }
    RC_ASSERT(left == 0);
  }));
}

TEST_CASE("estimator: a run that goes as expected never ends before the estimate of it") {
  CHECK(rc::check([] {
    auto plan = random_plan();
    auto times = random_times(plan);
    auto parallel = 1 + below(5);
    Estimator estimator(plan, times, parallel);
    auto whole = estimator.left_ms(0);
    std::vector<std::pair<std::int64_t, std::int64_t>> said;  // when, how much is left
    auto end = play(plan, times, parallel, estimator,
                    [&](std::int64_t now) { said.emplace_back(now, estimator.left_ms(now)); });
    RC_ASSERT(end >= whole);
    for (const auto& [when, left] : said) RC_ASSERT(when + left <= end);
  }));
}

namespace {

struct Keeper : Reporter {
  void on(const Event& event) noexcept override { events.push_back(event); }
  std::vector<Event> events;
};

Event event_of(EventType type, const Plan& plan, int step, std::int64_t time_ms) {
  Event event;
  event.type = type;
  event.time_ms = time_ms;
  if (step >= 0) event.step = plan.steps[index(step)].title();
  return event;
}

}  // namespace

TEST_CASE("eta: the run's beginning and its steps' ends say how long it still takes") {
  auto plan = plan_of({"a", "b"}, {{}, {0}});
  Keeper kept;
  EtaReporter reporter(kept, plan, std::vector<std::int64_t>{1000, 2000}, 4);
  reporter.on(event_of(EventType::run_started, plan, -1, 100));
  reporter.on(event_of(EventType::step_started, plan, 0, 100));
  reporter.on(event_of(EventType::task_finished, plan, 0, 600));
  reporter.on(event_of(EventType::step_finished, plan, 0, 1100));
  reporter.on(event_of(EventType::step_finished, plan, 1, 1101));  // too soon to say so again
  REQUIRE(kept.events.size() == 5);
  CHECK(kept.events[0].eta_ms == 3000);
  CHECK_FALSE(kept.events[1].eta_ms);
  CHECK_FALSE(kept.events[2].eta_ms);
  CHECK(kept.events[3].eta_ms == 2000);
  CHECK_FALSE(kept.events[4].eta_ms);
}

TEST_CASE("eta: a run that nobody knows the length of says nothing") {
  auto plan = plan_of({"a"}, {});
  Keeper kept;
  EtaReporter reporter(kept, plan, std::nullopt, 4);
  reporter.on(event_of(EventType::run_started, plan, -1, 100));
  reporter.on(event_of(EventType::step_finished, plan, 0, 1100));
  REQUIRE(kept.events.size() == 2);
  for (const auto& event : kept.events) CHECK_FALSE(event.eta_ms);
}
