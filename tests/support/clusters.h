#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "provisioner/plan/plan.h"

/// Clusters, roles and records made by hand, for tests of what comes after the definition.
namespace muster::testing {

inline Role make_role(std::string name, std::vector<std::string> needs = {},
                      std::vector<std::string> after = {}, std::vector<std::string> uses = {}) {
  Role role;
  role.name = std::move(name);
  role.needs = std::move(needs);
  role.after = std::move(after);
  role.uses = std::move(uses);
  role.fingerprint = "files of " + role.name;
  return role;
}

/// A small likeness of the built-in roles.
inline std::vector<Role> stock_roles() {
  return {make_role("base", {}, {}, {"access"}),
          make_role("etcd", {"base"}, {"etcd"}, {"etcd"}),
          make_role("k8s-master", {"base"}, {"etcd"}, {"etcd"}),
          make_role("k8s-worker", {"base"}, {"k8s-master"}, {"k8s-master"}),
          make_role("network-bridge", {"base"}, {}, {"*"}),
          make_role("k8s-addons", {}, {"k8s-master"})};
}

inline NodeRecord& node_in(DeploymentRecord& record, const std::string& name) {
  return *std::find_if(record.nodes.begin(), record.nodes.end(),
                       [&](const NodeRecord& n) { return n.name == name; });
}

inline const Role* role_named(const std::vector<Role>& roles, const std::string& name) {
  auto found =
      std::find_if(roles.begin(), roles.end(), [&](const Role& role) { return role.name == name; });
  return found == roles.end() ? nullptr : &*found;
}

inline void add_with_needs(const std::string& name, const std::vector<Role>& roles,
                           std::vector<std::string>& all) {
  if (std::find(all.begin(), all.end(), name) != all.end()) return;
  const auto* role = role_named(roles, name);
  if (role != nullptr) {
    for (const auto& need : role->needs) add_with_needs(need, roles, all);
  }
  all.push_back(name);
}

inline Node make_node(std::string name, std::vector<std::string> roles,
                      const std::vector<Role>& known) {
  Node node;
  node.fqdn = name + ".example";
  node.name = std::move(name);
  node.provider = "local";
  for (const auto& role : roles) add_with_needs(role, known, node.all_roles);
  node.roles = std::move(roles);
  return node;
}

inline Cluster make_cluster(std::vector<Node> nodes) {
  Cluster cluster;
  cluster.name = "quickstart";
  cluster.tenant = "default";
  cluster.settings.version = "v1.37.2";
  for (auto& node : nodes) {
    node.index = static_cast<int>(cluster.nodes.size());
    node.pod_cidr = "10.1." + std::to_string(node.index) + ".0/24";
    cluster.nodes.push_back(std::move(node));
  }
  return cluster;
}

/// One control node "c-1" and workers "w-1", "w-2", ...
inline Cluster stock_cluster(int workers, const std::vector<Role>& roles = stock_roles()) {
  std::vector<Node> nodes{
      make_node("c-1", {"etcd", "k8s-master", "network-bridge", "k8s-addons"}, roles)};
  for (int i = 1; i <= workers; ++i) {
    nodes.push_back(make_node("w-" + std::to_string(i), {"k8s-worker", "network-bridge"}, roles));
  }
  auto cluster = make_cluster(std::move(nodes));
  cluster.role_order = {"etcd", "k8s-worker", "k8s-master", "k8s-addons"};
  return cluster;
}

inline const Step* find_step(const Plan& plan, const std::string& title) {
  auto found = std::find_if(plan.steps.begin(), plan.steps.end(),
                            [&](const Step& step) { return step.title() == title; });
  return found == plan.steps.end() ? nullptr : &*found;
}

/// Everything that `step` waits for directly, through gates too.
inline std::set<int> waits_of(const Plan& plan, const Step& step) {
  std::set<int> waits(step.needs.begin(), step.needs.end());
  for (int gate : step.gates) {
    const auto& steps = plan.gates[static_cast<std::size_t>(gate)].steps;
    waits.insert(steps.begin(), steps.end());
  }
  return waits;
}

/// Whether the step titled `later` can only start once the one titled `earlier` has ended.
inline bool waits_for(const Plan& plan, const std::string& later, const std::string& earlier) {
  const auto* from = find_step(plan, later);
  const auto* to = find_step(plan, earlier);
  if (from == nullptr || to == nullptr) return false;
  std::set<int> seen;
  std::vector<int> open{from->id};
  while (!open.empty()) {
    int id = open.back();
    open.pop_back();
    for (int wait : waits_of(plan, plan.steps[static_cast<std::size_t>(id)])) {
      if (wait == to->id) return true;
      if (seen.insert(wait).second) open.push_back(wait);
    }
  }
  return false;
}

/// What a run records for a step that succeeded.
inline void record_step(DeploymentRecord& record, const Cluster& cluster, const Step& step) {
  auto node = std::find_if(record.nodes.begin(), record.nodes.end(),
                           [&](const NodeRecord& n) { return n.name == step.node; });
  if (step.verb == Verb::create_node) {
    if (node != record.nodes.end()) record.nodes.erase(node);
    NodeRecord made;
    made.name = step.node;
    made.state = NodeState::ready;
    for (const auto& wanted : cluster.nodes) {
      if (wanted.name != step.node) continue;
      made.pod_cidr = wanted.pod_cidr;
      made.provider = wanted.provider;
      made.wiped = wanted.provider == "local";
      made.wanted_roles = wanted.roles;
    }
    record.nodes.push_back(made);
    return;
  }
  if (step.verb == Verb::destroy_node) {
    record.nodes.erase(node);
    return;
  }
  auto role = std::find_if(node->roles.begin(), node->roles.end(),
                           [&](const RoleRecord& r) { return r.role == step.role; });
  if (step.verb == Verb::undo_role) {
    node->roles.erase(role);
  } else if (role != node->roles.end()) {
    role->fingerprint = step.fingerprint;
  } else {
    node->roles.push_back({step.role, step.fingerprint});
  }
}

/// The record after `plan` was carried out on `before`; `pick` chooses among the steps that may
/// run next, as a number below its argument.
template <typename Pick>
DeploymentRecord carry_out(const Plan& plan, const Cluster& cluster, DeploymentRecord before,
                           Pick pick) {
  before.name = cluster.name;
  before.tenant = cluster.tenant;
  ++before.revision;
  std::set<int> done;
  while (done.size() < plan.steps.size()) {
    std::vector<const Step*> free;
    for (const auto& step : plan.steps) {
      auto waits = waits_of(plan, step);
      if (done.count(step.id) == 0 &&
          std::includes(done.begin(), done.end(), waits.begin(), waits.end())) {
        free.push_back(&step);
      }
    }
    const auto* next = free.at(pick(free.size()));
    record_step(before, cluster, *next);
    done.insert(next->id);
  }
  for (auto& recorded : before.nodes) {
    const auto wanted = std::find_if(cluster.nodes.begin(), cluster.nodes.end(),
                                     [&](const Node& node) { return node.name == recorded.name; });
    if (wanted != cluster.nodes.end()) recorded.wanted_roles = wanted->roles;
  }
  before.applied = true;
  return before;
}

inline DeploymentRecord carry_out(const Plan& plan, const Cluster& cluster,
                                  DeploymentRecord before = {}) {
  return carry_out(plan, cluster, std::move(before), [](std::size_t) { return std::size_t{0}; });
}

/// The record of `cluster` after an apply with nothing failed.
inline DeploymentRecord applied(const Cluster& cluster, const std::vector<Role>& roles) {
  return carry_out(plan_apply(cluster, roles, nullptr), cluster);
}

/// "verb node role: reason" of each step, for looking at a whole plan at once.
inline std::vector<std::string> steps_of(const Plan& plan) {
  std::vector<std::string> lines;
  for (const auto& step : plan.steps) lines.push_back(step.title() + ": " + step.reason);
  return lines;
}

}  // namespace muster::testing
