#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <numeric>

#include "tests/support/clusters.h"
#include "tests/support/runs.h"

using namespace muster;
using namespace muster::testing;

namespace {

int below(std::size_t end) { return static_cast<int>(*rc::gen::inRange<std::size_t>(0, end)); }

/// A few numbers below `end`.
std::vector<int> some_below(std::size_t end) {
  std::vector<int> some;
  for (int left = end == 0 ? 0 : below(4); left > 0; --left) some.push_back(below(end));
  return some;
}

Opens random_opening() { return *rc::gen::element(Opens::all_well, Opens::one_well, Opens::ended); }

/// Steps on few nodes that need earlier ones, in a shuffled order so that ids tell nothing.
Plan random_plan() {
  Plan plan;
  plan.deployment = "random";
  auto count = static_cast<std::size_t>(1 + below(40));
  std::vector<int> place(count);
  std::iota(place.begin(), place.end(), 0);
  for (std::size_t i = count; i > 1; --i) {
    std::swap(place[i - 1], place[static_cast<std::size_t>(below(i))]);
  }
  plan.steps.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    auto& step = plan.steps[static_cast<std::size_t>(place[i])];
    step.id = place[i];
    step.node = "n-" + std::to_string(below(6));
    step.verb = Verb::apply_role;
    step.role = "r-" + std::to_string(step.id);
    step.despite_failures = below(6) == 0;
    for (int need : some_below(i)) step.needs.push_back(place[static_cast<std::size_t>(need)]);
    if (below(3) > 0) continue;
    Gate gate{"gate", {}, random_opening()};
    for (int need : some_below(i)) gate.steps.push_back(place[static_cast<std::size_t>(need)]);
    step.gates.push_back(static_cast<int>(plan.gates.size()));
    plan.gates.push_back(gate);
  }
  return plan;
}

std::map<int, Outcome> random_outcomes(const Plan& plan) {
  std::map<int, Outcome> outcomes;
  for (const auto& step : plan.steps) {
    switch (below(10)) {
      case 0:
        outcomes[step.id] = Outcome::failed;
        break;
      case 1:
        outcomes[step.id] = Outcome::timed_out;
        break;
      case 2:
        outcomes[step.id] = Outcome::unchanged;
        break;
      default:
        break;
    }
  }
  return outcomes;
}

bool good(Outcome outcome) { return outcome == Outcome::changed || outcome == Outcome::unchanged; }

/// Whether something that `step` needs did not end well, by the plan's own words.
bool lacks_something(const Plan& plan, const Step& step, const std::map<int, Outcome>& ended) {
  auto bad = [&](int id) { return !good(ended.at(id)); };
  auto bars = [&](int id) {
    const auto& need = plan.steps[static_cast<std::size_t>(id)];
    if (!step.despite_failures) return bad(id);
    // A removal that did not begin does not go on.
    return need.despite_failures && ended.at(id) == Outcome::skipped;
  };
  if (std::any_of(step.needs.begin(), step.needs.end(), bars)) return true;
  return std::any_of(step.gates.begin(), step.gates.end(), [&](int at) {
    const auto& gate = plan.gates[static_cast<std::size_t>(at)];
    auto failed = std::count_if(gate.steps.begin(), gate.steps.end(), bad);
    auto all = static_cast<std::ptrdiff_t>(gate.steps.size());
    return (gate.opens == Opens::all_well && failed > 0) ||
           (gate.opens == Opens::one_well && failed == all && all > 0);
  });
}

int id_of(const Event& event) { return std::stoi(event.role.substr(2)); }

/// Checks the whole story that the events tell.
void check_story(const Plan& plan, const FakeRun& fakes) {
  std::map<int, Outcome> ended;
  std::set<int> started;
  std::map<std::string, int> running;
  for (const auto& event : fakes.reporter.events) {
    if (event.step.empty()) continue;
    const auto& step = plan.steps[static_cast<std::size_t>(id_of(event))];
    if (event.type == EventType::step_started) {
      RC_ASSERT(started.insert(step.id).second);
      RC_ASSERT(++running[step.node] == 1);
      for (int wait : waits_of(plan, step)) RC_ASSERT(ended.count(wait) == 1);
      RC_ASSERT(!lacks_something(plan, step, ended));
    } else {
      RC_ASSERT(ended.emplace(step.id, event.outcome).second);
      if (started.count(step.id) > 0) --running[step.node];
      if (event.outcome == Outcome::skipped) RC_ASSERT(lacks_something(plan, step, ended));
      RC_ASSERT((started.count(step.id) == 0) ==
                (event.outcome == Outcome::skipped || event.outcome == Outcome::canceled));
    }
  }
  RC_ASSERT(ended.size() == plan.steps.size());
}

int sum(const RunSummary& s) { return s.changed + s.unchanged + s.failed + s.skipped + s.canceled; }

}  // namespace

TEST_CASE("scheduler properties: random graphs and failures keep every promise") {
  CHECK(rc::check([] {
    auto plan = random_plan();
    FakeRun fakes;
    fakes.runner.outcomes = random_outcomes(plan);
    auto summary = fakes.run(plan, 1 + below(8));
    check_story(plan, fakes);
    RC_ASSERT(!fakes.runner.overlapped());
    RC_ASSERT(summary.canceled == 0);
    RC_ASSERT(sum(summary) == static_cast<int>(plan.steps.size()));
  }));
}

TEST_CASE("scheduler properties: what runs and how it ends does not depend on the parallelism") {
  CHECK(rc::check([] {
    auto plan = random_plan();
    auto outcomes = random_outcomes(plan);
    std::map<std::string, Outcome> first;
    for (int parallel : {1, 3, 16}) {
      FakeRun fakes;
      fakes.runner.outcomes = outcomes;
      fakes.run(plan, parallel);
      std::map<std::string, Outcome> ended;
      for (const auto& event : fakes.reporter.of(EventType::step_finished)) {
        ended[event.step] = event.outcome;
      }
      if (first.empty()) first = ended;
      RC_ASSERT(ended == first);
    }
  }));
}

TEST_CASE("scheduler properties: a stop at any step ends the run with every step accounted for") {
  CHECK(rc::check([] {
    auto plan = random_plan();
    FakeRun fakes;
    fakes.runner.outcomes = random_outcomes(plan);
    int last = below(plan.steps.size());
    fakes.runner.meanwhile = [&](const Step& step, const auto&) {
      if (step.id == last) fakes.stop.request_stop();
    };
    auto summary = fakes.run(plan, 1 + below(8));
    check_story(plan, fakes);
    RC_ASSERT(sum(summary) == static_cast<int>(plan.steps.size()));
    RC_ASSERT(summary.interrupted == (summary.canceled > 0));
  }));
}

TEST_CASE("scheduler properties: after as many failures as allowed nothing more is started") {
  CHECK(rc::check([] {
    auto plan = random_plan();
    FakeRun fakes;
    fakes.runner.outcomes = random_outcomes(plan);
    fakes.max_failures = 1 + below(4);
    int parallel = 1 + below(8);
    auto summary = fakes.run(plan, parallel);
    check_story(plan, fakes);
    RC_ASSERT(sum(summary) == static_cast<int>(plan.steps.size()));
    RC_ASSERT(!summary.interrupted);
    RC_ASSERT(summary.gave_up == (summary.canceled > 0));
    int failed = 0;
    for (const auto& event : fakes.reporter.events) {
      if (event.type == EventType::step_started) RC_ASSERT(failed < fakes.max_failures);
      bool ended = event.type == EventType::step_finished;
      if (ended && (event.outcome == Outcome::failed || event.outcome == Outcome::timed_out)) {
        ++failed;
      }
    }
    // Only what was in flight may fail beyond the limit.
    RC_ASSERT(failed < fakes.max_failures + parallel);
    RC_ASSERT(fakes.reporter.events.back().message.empty() == !summary.gave_up);
  }));
}

TEST_CASE("scheduler properties: every started step is journaled before and after") {
  CHECK(rc::check([] {
    auto plan = random_plan();
    FakeRun fakes;
    fakes.runner.outcomes = random_outcomes(plan);
    fakes.run(plan, 1 + below(8));
    std::multiset<std::string> wanted;
    for (const auto& title : fakes.reporter.titles(EventType::step_started)) {
      wanted.insert("before " + title);
      wanted.insert("after " + title);
    }
    RC_ASSERT(std::multiset<std::string>(fakes.journal.lines.begin(), fakes.journal.lines.end()) ==
              wanted);
  }));
}
