#include "provisioner/plan/graph.h"

#include <algorithm>
#include <map>

#include "provisioner/base/text.h"

namespace muster {

namespace {

/// What `vertex` waits for, as vertices.
std::vector<int> waits_of(const Plan& plan, int vertex) {
  auto steps = static_cast<int>(plan.steps.size());
  if (vertex >= steps) return plan.gates[index(vertex - steps)].steps;
  const auto& step = plan.steps[index(vertex)];
  auto waits = step.needs;
  for (int gate : step.gates) waits.push_back(steps + gate);
  return waits;
}

/// The vertices in an order in which each follows all it waits for; those behind a cycle are left
/// out.
std::vector<int> start_order(const PlanGraph& graph) {
  auto open = graph.waiting_for;
  std::vector<int> order;
  for (std::size_t v = 0; v < open.size(); ++v) {
    if (open[v] == 0) order.push_back(static_cast<int>(v));
  }
  for (std::size_t at = 0; at < order.size(); ++at) {
    for (int follower : graph.followers[index(order[at])]) {
      if (--open[index(follower)] == 0) order.push_back(follower);
    }
  }
  return order;
}

/// "a -> b -> a" from the names along a cycle (the first again at the end): the shortest stretch
/// that begins and ends alike.
std::string name_cycle(const std::vector<std::string>& names) {
  std::vector<std::string> path;
  for (const auto& name : names) {
    if (!path.empty() && path.back() == name) continue;
    auto seen = std::find(path.begin(), path.end(), name);
    if (seen != path.end()) {
      path.erase(path.begin(), seen);
      path.push_back(name);
      return join(path, " -> ");
    }
    path.push_back(name);
  }
  return names.front() + " -> " + names.front();
}

}  // namespace

PlanGraph::PlanGraph(const Plan& plan)
    : steps(plan.steps.size()),
      followers(steps + plan.gates.size()),
      waiting_for(followers.size()) {
  for (std::size_t v = 0; v < followers.size(); ++v) {
    auto vertex = static_cast<int>(v);
    for (int other : waits_of(plan, vertex)) {
      followers[index(other)].push_back(vertex);
      ++waiting_for[v];
    }
  }
}

std::vector<std::int64_t> PlanGraph::chain_weights(const std::vector<std::int64_t>& weights) const {
  std::vector<std::int64_t> chains(followers.size());
  auto order = start_order(*this);
  for (auto at = order.rbegin(); at != order.rend(); ++at) {
    auto v = index(*at);
    for (int follower : followers[v]) chains[v] = std::max(chains[v], chains[index(follower)]);
    if (v < steps) chains[v] += weights[v];
  }
  return chains;
}

std::vector<std::int64_t> PlanGraph::chain_weights(const Plan& plan) const {
  std::vector<std::int64_t> weights;
  weights.reserve(plan.steps.size());
  for (const auto& step : plan.steps) weights.push_back(step.weight);
  return chain_weights(weights);
}

std::optional<std::string> find_cycle(const Plan& plan) {
  PlanGraph graph(plan);
  std::vector<bool> starts(graph.followers.size());
  auto order = start_order(graph);
  for (int vertex : order) starts[index(vertex)] = true;
  auto blocked = std::find(starts.begin(), starts.end(), false);
  if (blocked == starts.end()) return std::nullopt;

  // Whatever can never start waits for something that can never start: following that comes back.
  std::map<int, std::size_t> visited;
  std::vector<int> path;
  for (auto vertex = static_cast<int>(blocked - starts.begin());;) {
    auto [seen, fresh] = visited.emplace(vertex, path.size());
    path.push_back(vertex);
    if (!fresh) {
      path.erase(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(seen->second));
      break;
    }
    auto waits = waits_of(plan, vertex);
    vertex = *std::find_if(waits.begin(), waits.end(), [&](int v) { return !starts[index(v)]; });
  }
  std::vector<std::string> names;
  for (int vertex : path) {
    if (index(vertex) >= plan.steps.size()) continue;
    const auto& step = plan.steps[index(vertex)];
    names.push_back(step.role.empty() ? step.title() : step.role);
  }
  // A cycle that begins with a gate, which has no name, is still open.
  if (names.front() != names.back()) names.push_back(names.front());
  return name_cycle(names);
}

}  // namespace muster
