// What keeps a plan of 10,000 nodes small: counts, not times; tests/bench/plan_scale.sh has those.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "provisioner/plan/graph.h"
#include "tests/support/clusters.h"

using namespace muster;
using namespace muster::testing;

namespace {

/// Lines of the graph that a run follows: every need, every gate's step, every gate waited for.
std::size_t edges_of(const Plan& plan) {
  std::size_t edges = 0;
  for (const auto& followers : PlanGraph(plan).followers) edges += followers.size();
  return edges;
}

struct Size {
  std::size_t steps;
  std::size_t edges;
  std::size_t gates;
};

Size size_of(const Plan& plan) { return {plan.steps.size(), edges_of(plan), plan.gates.size()}; }

/// Whether as many nodes more make as many steps and edges more, wherever one begins, and no gates.
bool grows_evenly(const Size& a, const Size& b, const Size& c) {
  return b.steps - a.steps == c.steps - b.steps && b.edges - a.edges == c.edges - b.edges &&
         a.gates == b.gates && b.gates == c.gates;
}

}  // namespace

TEST_CASE("plan scale: steps and edges of a new deployment grow with its nodes, gates do not") {
  CHECK(rc::check([] {
    auto roles = stock_roles();
    auto few = *rc::gen::inRange(2, 40);
    auto size = [&](int workers) {
      return size_of(plan_apply(stock_cluster(workers), roles, nullptr));
    };
    RC_ASSERT(grows_evenly(size(few), size(2 * few), size(3 * few)));
  }));
}

TEST_CASE("plan scale: steps and edges of a destroy grow with the nodes, gates do not") {
  auto roles = stock_roles();
  auto size = [&](int workers) {
    auto record = applied(stock_cluster(workers), roles);
    for (auto& node : record.nodes) node.provider = "inventory";  // roles are undone one by one
    return size_of(plan_destroy(record, roles));
  };
  CHECK(grows_evenly(size(10), size(20), size(30)));
}

TEST_CASE("plan scale: a node more is as many steps and edges, whatever the cluster has") {
  std::vector<Role> roles;
  for (auto& role : stock_roles()) {
    if (role.name != "network-bridge") roles.push_back(role);  // has routes to every node
  }
  auto added = [&](int workers) {
    auto record = applied(stock_cluster(workers, roles), roles);
    auto plan = plan_apply(stock_cluster(workers + 1, roles), roles, &record);
    for (const auto& step : plan.steps) CHECK(step.node == "w-" + std::to_string(workers + 1));
    return size_of(plan);
  };
  auto few = added(5);
  auto many = added(50);
  CHECK(few.steps > 0);
  CHECK(few.steps == many.steps);
  CHECK(few.edges == many.edges);
}

TEST_CASE("plan scale: the text of a plan does not grow with nodes that get the same") {
  auto roles = stock_roles();
  auto text = [&](int workers) {
    return plan_text(plan_apply(stock_cluster(workers), roles, nullptr));
  };
  auto lines = [](const std::string& all) { return std::count(all.begin(), all.end(), '\n'); };
  CHECK(lines(text(20)) == lines(text(200)));
}

TEST_CASE("plan scale: nodes in the same place wait for the same gates") {
  auto roles = stock_roles();
  auto cluster = stock_cluster(30);
  auto record = applied(cluster, roles);
  // Every third worker is half done.
  for (std::size_t i = 0; i < record.nodes.size(); i += 3) record.nodes[i].roles.resize(1);
  auto plan = plan_apply(cluster, roles, &record);
  REQUIRE(!plan.empty());
  std::map<std::pair<std::string, std::string>, std::vector<int>> gates;  // by role and reason
  for (const auto& step : plan.steps) {
    if (step.node == "c-1") continue;
    auto [found, fresh] = gates.emplace(std::pair(step.role, step.reason), step.gates);
    if (!fresh) CHECK(found->second == step.gates);
    for (int need : step.needs) {
      CHECK(plan.steps[static_cast<std::size_t>(need)].node == step.node);
    }
  }
}
