#include <algorithm>
#include <map>
#include <set>

#include "provisioner/plan/edges.h"
#include "provisioner/plan/gate.h"
#include "provisioner/plan/role_graph.h"

namespace muster {

namespace {

bool takes_part(const NodeSteps& node) {
  return std::any_of(node.roles.begin(), node.roles.end(), [](const Placement& placement) {
    return placement.step != kNoStep && placement.in_service && placement.role->rolling;
  });
}

/// What waits for steps of other nodes is of no turn, nor is what needs it: they have their own.
std::set<std::string> apart_from_turns(const NodeSteps& node) {
  std::set<std::string> apart;
  for (bool more = true; more;) {
    more = false;
    for (const auto& placement : node.roles) {
      const auto& role = *placement.role;
      const auto needs = waits_on_node(role);
      bool is = !role.after_tried.empty() ||
                std::any_of(needs.begin(), needs.end(),
                            [&](const std::string& need) { return apart.count(need) > 0; });
      if (is && apart.insert(role.name).second) more = true;
    }
  }
  return apart;
}

/// Marks what was in service, and what that needs now: a turn never waits for what is not of it.
void mark_turn(NodeSteps& node) {
  const auto apart = apart_from_turns(node);
  std::vector<Placement*> open;
  for (auto& placement : node.roles) {
    if (placement.in_service && apart.count(placement.role->name) == 0) open.push_back(&placement);
  }
  std::set<Placement*> seen(open.begin(), open.end());
  while (!open.empty()) {
    auto* placement = open.back();
    open.pop_back();
    placement->in_turn = placement->step != kNoStep;
    for (const auto& need : waits_on_node(*placement->role)) {
      auto found = std::find_if(node.roles.begin(), node.roles.end(),
                                [&](const Placement& p) { return p.role->name == need; });
      if (found != node.roles.end() && seen.insert(&*found).second) open.push_back(&*found);
    }
  }
}

/// The roles whose members others list by name.
std::set<std::string> used_roles(const std::vector<NodeSteps>& nodes) {
  std::set<const Role*> roles;
  for (const auto& node : nodes) {
    for (const auto& placement : node.roles) roles.insert(placement.role);
  }
  std::set<std::string> used;
  for (const auto* role : roles) used.insert(role->uses.begin(), role->uses.end());
  return used;
}

/// All steps of new nodes that have a role which the definition named for `leaving` too.
Gate successors(const NodeRecord& leaving, const std::vector<Node>& wanted,
                const std::vector<NodeSteps>& nodes, const std::vector<std::size_t>& fresh) {
  Gate gate{"the new nodes", {}, Opens::all_well};
  const std::set<std::string> roles(leaving.wanted_roles.begin(), leaving.wanted_roles.end());
  for (auto at : fresh) {
    const auto& named = wanted[at].roles;
    if (std::none_of(named.begin(), named.end(),
                     [&](const std::string& role) { return roles.count(role) > 0; })) {
      continue;
    }
    gate.steps.push_back(nodes[at].create);
    for (const auto& placement : nodes[at].roles) {
      if (placement.step != kNoStep) gate.steps.push_back(placement.step);
    }
  }
  return gate;
}

}  // namespace

std::vector<std::size_t> mark_turns(std::vector<NodeSteps>& nodes) {
  std::vector<std::size_t> turns;
  for (std::size_t at = 0; at < nodes.size(); ++at) {
    if (takes_part(nodes[at])) turns.push_back(at);
  }
  if (turns.size() < 2) return {};
  const auto used = used_roles(nodes);
  std::stable_partition(turns.begin(), turns.end(), [&](std::size_t at) {
    const auto& roles = nodes[at].roles;
    return std::any_of(roles.begin(), roles.end(), [&](const Placement& placement) {
      return used.count(placement.role->name) > 0;
    });
  });
  for (auto at : turns) mark_turn(nodes[at]);
  return turns;
}

void add_turn_gates(Plan& plan, const std::vector<NodeSteps>& nodes,
                    const std::vector<std::size_t>& turns) {
  int gate = kNoStep;  // of the turn before
  for (auto at : turns) {
    Gate turn{"", {}, Opens::all_well};
    for (const auto& placement : nodes[at].roles) {
      if (placement.in_turn) turn.steps.push_back(placement.step);
    }
    for (int id : turn.steps) {
      auto& step = plan.steps[index(id)];
      bool later = std::any_of(step.needs.begin(), step.needs.end(), [&](int need) {
        return std::find(turn.steps.begin(), turn.steps.end(), need) != turn.steps.end();
      });
      if (gate != kNoStep && !later) step.gates.push_back(gate);
      turn.name = "the turn of " + step.node;
    }
    if (at != turns.back()) gate = add_gate(plan, std::move(turn));
  }
}

bool add_leaving_gates(Plan& plan, const std::vector<LeavingNode>& leaving,
                       const std::vector<Node>& wanted, const std::vector<NodeSteps>& nodes) {
  if (leaving.empty()) return false;
  Gate again{"what restarts services", {}, Opens::ended};
  std::vector<std::size_t> fresh;
  for (std::size_t at = 0; at < nodes.size(); ++at) {
    if (nodes[at].create != kNoStep) fresh.push_back(at);
    if (!takes_part(nodes[at])) continue;
    for (const auto& placement : nodes[at].roles) {
      if (placement.step != kNoStep && placement.in_service) again.steps.push_back(placement.step);
    }
  }
  const int restarts = add_gate(plan, std::move(again));
  std::map<std::vector<std::string>, int> gates;  // by the roles of who leaves
  bool any = restarts != kNoStep;
  for (const auto& [node, first] : leaving) {
    auto [found, is_new] = gates.emplace(node->wanted_roles, kNoStep);
    if (is_new) found->second = add_gate(plan, successors(*node, wanted, nodes, fresh));
    for (int gate : {restarts, found->second}) {
      if (gate != kNoStep) plan.steps[index(first)].gates.push_back(gate);
    }
    any = any || found->second != kNoStep;
  }
  return any;
}

}  // namespace muster
