#include "provisioner/plan/edges.h"

#include <algorithm>
#include <map>
#include <set>

#include "provisioner/plan/role_graph.h"

namespace muster {

namespace {

std::size_t index(int id) { return static_cast<std::size_t>(id); }

/// What `role` waits for on its own node, where the node has it.
std::vector<std::string> same_node(const Role& role) {
  auto earlier = role.needs;
  earlier.insert(earlier.end(), role.follows.begin(), role.follows.end());
  return earlier;
}

/// Adds the pairs of role_apply_order that `graph` does not contradict, of roles in `present`.
void add_role_order(RoleGraph& graph, const std::vector<std::string>& role_order,
                    const std::set<std::string>& present) {
  const std::string* earlier = nullptr;
  for (const auto& role : role_order) {
    if (present.count(role) == 0) continue;
    if (earlier != nullptr) graph.add_wide_unless_contrary(role, *earlier);
    earlier = &role;
  }
}

/// Adds the gate, unless nothing is behind it.
int add_gate(Plan& plan, Gate gate) {
  if (gate.steps.empty()) return kNoStep;
  std::sort(gate.steps.begin(), gate.steps.end());
  gate.steps.erase(std::unique(gate.steps.begin(), gate.steps.end()), gate.steps.end());
  plan.gates.push_back(std::move(gate));
  return static_cast<int>(plan.gates.size()) - 1;
}

/// Adds the edges of an apply: those of the whole cluster, where what is done already is replaced
/// by what it waited for itself.
class ApplyEdges {
 public:
  ApplyEdges(Plan& plan, const std::vector<NodeSteps>& nodes,
             const std::vector<std::string>& role_order)
      : plan_(plan), nodes_(nodes) {
    std::set<std::string> present;
    for (const auto& node : nodes) {
      for (const auto& placement : node.roles) {
        holders_[placement.role->name].push_back(&node);
        if (present.insert(placement.role->name).second) own_edges(*placement.role);
      }
    }
    add_role_order(graph_, role_order, present);
  }

  void add() {
    for (const auto& node : nodes_) {
      for (const auto& placement : node.roles) {
        if (placement.step != kNoStep) add_to(node, placement);
      }
    }
  }

 private:
  struct Waits {
    std::vector<int> steps;      ///< of the same node
    std::set<std::string> wide;  ///< roles that must be done on every node
    std::set<std::string> one;   ///< roles that must be done on one node
  };

  /// What waiting for a role on every node comes to.
  struct Done {
    int gate = kNoStep;
    std::set<std::string> one;  ///< what the role waits for on one node, where it is done itself
  };

  void own_edges(const Role& role) {
    for (const auto& earlier : same_node(role)) graph_.add_local(role.name, earlier);
    for (const auto& earlier : role.after) {
      if (earlier != role.name) graph_.add_wide(role.name, earlier);
    }
    for (const auto& earlier : role.after_one) {
      if (earlier != role.name) graph_.add_one(role.name, earlier);
    }
  }

  static const Placement* find(const NodeSteps& node, const std::string& role) {
    auto found = std::find_if(node.roles.begin(), node.roles.end(),
                              [&](const Placement& p) { return p.role->name == role; });
    return found == node.roles.end() ? nullptr : &*found;
  }

  /// What `role` on `node` waits for, looking through the roles of the node that are done.
  Waits waits_of(const NodeSteps& node, const Role& role) const {
    Waits waits;
    std::set<const Role*> seen{&role};
    std::vector<const Role*> open{&role};
    while (!open.empty()) {
      const auto* at = open.back();
      open.pop_back();
      waits.wide.insert(graph_.wide(at->name).begin(), graph_.wide(at->name).end());
      waits.one.insert(graph_.one(at->name).begin(), graph_.one(at->name).end());
      for (const auto& need : same_node(*at)) {
        const auto* placement = find(node, need);
        if (placement == nullptr) continue;
        if (placement->step != kNoStep) {
          waits.steps.push_back(placement->step);
        } else if (seen.insert(placement->role).second) {
          open.push_back(placement->role);
        }
      }
    }
    return waits;
  }

  void add_to(const NodeSteps& node, const Placement& placement) {
    auto waits = waits_of(node, *placement.role);
    auto& step = plan_.steps[index(placement.step)];
    step.needs = std::move(waits.steps);
    // Of a chain on one node only its beginning needs to wait for the node itself.
    if (step.needs.empty()) {
      step.needs = node.undo;
      if (node.create != kNoStep) step.needs.push_back(node.create);
    }
    std::set<int> gates;
    for (const auto& role : waits.wide) {
      const auto& done = done_on_every_node(role);
      gates.insert(done.gate);
      waits.one.insert(done.one.begin(), done.one.end());
    }
    for (const auto& role : waits.one) {
      if (waits.wide.count(role) == 0) gates.insert(one_gate(role));
    }
    for (const auto& used : placement.role->uses) gates.insert(members_gate(used));
    gates.erase(kNoStep);
    step.gates.assign(gates.begin(), gates.end());
  }

  /// Its gate opens when `role` is done on every node.
  const Done& done_on_every_node(const std::string& role) {
    auto [found, fresh] = done_.emplace(role, Done{});
    auto& done = found->second;
    if (!fresh) return done;
    Gate gate{role + " on every node", {}, Opens::all_well};
    std::set<std::string> seen{role};
    std::vector<std::string> open{role};
    while (!open.empty()) {
      auto at = open.back();
      open.pop_back();
      for (const auto* node : holders_[at]) {
        const auto* placement = find(*node, at);
        if (placement->step != kNoStep) {
          gate.steps.push_back(placement->step);
          continue;
        }
        auto waits = waits_of(*node, *placement->role);
        gate.steps.insert(gate.steps.end(), waits.steps.begin(), waits.steps.end());
        done.one.insert(waits.one.begin(), waits.one.end());
        for (const auto& wide : waits.wide) {
          if (seen.insert(wide).second) open.push_back(wide);
        }
      }
    }
    done.gate = add_gate(plan_, std::move(gate));
    return done;
  }

  /// Opens when `role` is done on one node; none when it is already, whatever becomes of others.
  int one_gate(const std::string& role) {
    auto [found, fresh] = one_.emplace(role, kNoStep);
    if (!fresh) return found->second;
    Gate gate{role + " on one node", {}, Opens::one_well};
    for (const auto* node : holders_[role]) {
      gate.steps.push_back(find(*node, role)->step);
      if (gate.steps.back() == kNoStep) return kNoStep;
    }
    return found->second = add_gate(plan_, std::move(gate));
  }

  /// Opens when the members of `used` have addresses. Those that could not be created are left out
  /// of the list: their creation makes it anew (see Membership).
  int members_gate(const std::string& used) {
    auto [found, fresh] = members_.emplace(used, kNoStep);
    if (!fresh) return found->second;
    bool all = used == "*";
    Gate gate{all ? "every node created" : "every " + used + " node created", {}, Opens::ended};
    for (const auto& node : nodes_) {
      if (node.create == kNoStep) continue;
      if (all || find(node, used) != nullptr) gate.steps.push_back(node.create);
    }
    return found->second = add_gate(plan_, std::move(gate));
  }

  Plan& plan_;
  const std::vector<NodeSteps>& nodes_;
  RoleGraph graph_;
  std::map<std::string, std::vector<const NodeSteps*>> holders_;
  std::map<std::string, Done> done_;
  std::map<std::string, int> one_;
  std::map<std::string, int> members_;
};

}  // namespace

void add_apply_edges(Plan& plan, const std::vector<NodeSteps>& nodes,
                     const std::vector<std::string>& role_order) {
  ApplyEdges(plan, nodes, role_order).add();
}

void add_undo_edges(Plan& plan, const std::vector<std::vector<int>>& undone,
                    const std::vector<Role>& roles, const std::vector<std::string>& role_order) {
  // What was applied counts more than what the role files say today: a file that changed since
  // must not make a cycle.
  RoleGraph graph;
  std::map<std::string, std::vector<int>> by_role;
  std::set<std::string> present;
  for (const auto& node : undone) {
    for (std::size_t i = 0; i < node.size(); ++i) {
      auto& step = plan.steps[index(node[i])];
      by_role[step.role].push_back(step.id);
      present.insert(step.role);
      if (i == 0) continue;
      step.needs.push_back(node[i - 1]);
      graph.add_local(plan.steps[index(node[i - 1])].role, step.role);
    }
  }
  for (const auto& role : roles) {
    if (present.count(role.name) == 0) continue;
    for (const auto* list : {&role.after, &role.after_one}) {
      for (const auto& earlier : *list) {
        if (present.count(earlier) > 0) graph.add_wide_unless_contrary(role.name, earlier);
      }
    }
  }
  add_role_order(graph, role_order, present);
  for (const auto& role : present) {
    std::vector<int> followers;
    for (const auto& earlier : graph.wide(role)) {
      followers.insert(followers.end(), by_role[earlier].begin(), by_role[earlier].end());
    }
    if (followers.empty()) continue;
    int gate = add_gate(plan, {role + " undone on every node", by_role[role], Opens::ended});
    for (int id : followers) plan.steps[index(id)].gates.push_back(gate);
  }
}

}  // namespace muster
