#include "provisioner/plan/edges.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "provisioner/plan/gate.h"
#include "provisioner/plan/role_graph.h"

namespace muster {

namespace {

/// What matters of a placement to what others wait for.
enum class Progress { planned, done, in_turn };

Progress progress_of(const Placement& placement) {
  if (placement.step == kNoStep) return Progress::done;
  return placement.in_turn ? Progress::in_turn : Progress::planned;
}

/// Adds the edges of an apply: those of the whole cluster, where what is done already is replaced
/// by what it waited for itself.
class ApplyEdges {
 public:
  ApplyEdges(Plan& plan, const std::vector<NodeSteps>& nodes,
             const std::vector<std::string>& role_order)
      : plan_(plan), nodes_(nodes) {
    std::set<std::string> present;
    for (std::size_t at = 0; at < nodes.size(); ++at) {
      shapes_.push_back(shape_of(nodes[at]));
      for (std::size_t i = 0; i < nodes[at].roles.size(); ++i) {
        const auto& role = *nodes[at].roles[i].role;
        holders_[role.name].push_back({at, i});
        if (present.insert(role.name).second) own_edges(role);
      }
    }
    graph_.add_listed(role_order, present);
  }

  void add() {
    for (std::size_t at = 0; at < nodes_.size(); ++at) {
      for (std::size_t i = 0; i < nodes_[at].roles.size(); ++i) {
        if (nodes_[at].roles[i].step != kNoStep) add_to({at, i});
      }
    }
  }

 private:
  /// One of the roles of one of the nodes, by their indexes.
  struct Place {
    std::size_t node;
    std::size_t role;
  };

  struct Waits {
    std::vector<std::size_t> roles;  ///< of the same node
    std::set<std::string> wide;      ///< roles that must be done on every node
    std::set<std::string> one;       ///< roles that must be done on one node
  };

  /// Nodes that have the same roles, done or not, wait alike: what each of their roles waits for is
  /// found once for all of them.
  struct Shape {
    std::vector<std::optional<Waits>> waits;
    std::vector<std::optional<std::vector<int>>> gates;
  };

  /// What waiting for a role on every node comes to.
  struct Done {
    int gate = kNoStep;
    std::set<std::string> one;  ///< what the role waits for on one node, where it is done itself
  };

  void own_edges(const Role& role) {
    for (const auto& earlier : waits_on_node(role)) graph_.add_local(role.name, earlier);
    for (const auto& earlier : role.after) {
      if (earlier != role.name) graph_.add_wide(role.name, earlier);
    }
    for (const auto& earlier : role.after_one) {
      if (earlier != role.name) graph_.add_one(role.name, earlier);
    }
    for (const auto& earlier : role.after_tried) {
      if (earlier != role.name) graph_.add_tried(role.name, earlier);
    }
  }

  Shape* shape_of(const NodeSteps& node) {
    std::vector<std::pair<const Role*, Progress>> roles;
    roles.reserve(node.roles.size());
    for (const auto& placement : node.roles) {
      roles.emplace_back(placement.role, progress_of(placement));
    }
    auto& shape = known_shapes_[std::move(roles)];
    shape.waits.resize(node.roles.size());
    shape.gates.resize(node.roles.size());
    return &shape;
  }

  const Placement& placement(Place at) const { return nodes_[at.node].roles[at.role]; }

  const Waits& waits_of(Place at) {
    auto& waits = shapes_[at.node]->waits[at.role];
    if (!waits) waits = find_waits(nodes_[at.node].roles, at.role);
    return *waits;
  }

  const std::vector<int>& gates_of(Place at) {
    auto& gates = shapes_[at.node]->gates[at.role];
    if (!gates) {
      gates = find_gates(*placement(at).role, placement(at).in_turn ? Waits{} : waits_of(at));
    }
    return *gates;
  }

  /// The ids of the steps of `waits` on `node`.
  std::vector<int> steps_of(const Waits& waits, const NodeSteps& node) const {
    std::vector<int> steps;
    steps.reserve(waits.roles.size());
    for (auto role : waits.roles) steps.push_back(node.roles[role].step);
    return steps;
  }

  /// What the role at `from` in a node's `roles` waits for, looking through those that are done.
  Waits find_waits(const std::vector<Placement>& roles, std::size_t from) const {
    Waits waits;
    std::set<std::size_t> seen{from};
    std::vector<std::size_t> open{from};
    while (!open.empty()) {
      const auto& role = *roles[open.back()].role;
      open.pop_back();
      waits.wide.insert(graph_.wide(role.name).begin(), graph_.wide(role.name).end());
      waits.one.insert(graph_.one(role.name).begin(), graph_.one(role.name).end());
      for (const auto& need : waits_on_node(role)) {
        auto found = std::find_if(roles.begin(), roles.end(),
                                  [&](const Placement& p) { return p.role->name == need; });
        if (found == roles.end()) continue;
        auto at = static_cast<std::size_t>(found - roles.begin());
        if (found->step != kNoStep) {
          waits.roles.push_back(at);
        } else if (seen.insert(at).second) {
          open.push_back(at);
        }
      }
    }
    return waits;
  }

  void add_to(Place at) {
    const auto& node = nodes_[at.node];
    auto& step = plan_.steps[index(placement(at).step)];
    step.needs = steps_of(waits_of(at), node);
    // Of a chain on one node only its beginning needs to wait for the node itself.
    if (step.needs.empty()) {
      step.needs = node.undo;
      if (node.create != kNoStep) step.needs.push_back(node.create);
    }
    step.gates = gates_of(at);
  }

  std::vector<int> find_gates(const Role& role, Waits waits) {
    std::set<int> gates;
    for (const auto& wide : waits.wide) {
      const auto& done = done_on_every_node(wide);
      gates.insert(done.gate);
      waits.one.insert(done.one.begin(), done.one.end());
    }
    for (const auto& one : waits.one) {
      if (waits.wide.count(one) == 0) gates.insert(one_gate(one));
    }
    for (const auto& tried : role.after_tried) {
      if (tried != role.name) gates.insert(tried_gate(tried));
    }
    for (const auto& used : role.uses) gates.insert(members_gate(used));
    gates.erase(kNoStep);
    return {gates.begin(), gates.end()};
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
      auto at = std::move(open.back());
      open.pop_back();
      for (const auto& holder : holders_[at]) {
        if (int step = placement(holder).step; step != kNoStep) {
          gate.steps.push_back(step);
          continue;
        }
        const auto& waits = waits_of(holder);
        auto steps = steps_of(waits, nodes_[holder.node]);
        gate.steps.insert(gate.steps.end(), steps.begin(), steps.end());
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
    for (const auto& holder : holders_[role]) {
      if (placement(holder).in_turn && placement(holder).in_service) return kNoStep;
      gate.steps.push_back(placement(holder).step);
      if (gate.steps.back() == kNoStep) return kNoStep;
    }
    return found->second = add_gate(plan_, std::move(gate));
  }

  /// Opens when all steps of `role` have ended, on every node.
  int tried_gate(const std::string& role) {
    auto [found, fresh] = tried_.emplace(role, kNoStep);
    if (!fresh) return found->second;
    Gate gate{role + " tried on every node", {}, Opens::ended};
    for (const auto& holder : holders_[role]) {
      if (int step = placement(holder).step; step != kNoStep) gate.steps.push_back(step);
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
    if (all) {
      for (const auto& node : nodes_) add_creation(node, gate);
    } else {
      for (const auto& holder : holders_[used]) add_creation(nodes_[holder.node], gate);
    }
    return found->second = add_gate(plan_, std::move(gate));
  }

  static void add_creation(const NodeSteps& node, Gate& gate) {
    if (node.create != kNoStep) gate.steps.push_back(node.create);
  }

  Plan& plan_;
  const std::vector<NodeSteps>& nodes_;
  RoleGraph graph_;
  std::map<std::vector<std::pair<const Role*, Progress>>, Shape> known_shapes_;
  std::vector<Shape*> shapes_;  ///< by node
  std::map<std::string, std::vector<Place>> holders_;
  std::map<std::string, Done> done_;
  std::map<std::string, int> one_;
  std::map<std::string, int> tried_;
  std::map<std::string, int> members_;
};

}  // namespace

void add_apply_edges(Plan& plan, const std::vector<NodeSteps>& nodes,
                     const std::vector<std::string>& role_order) {
  ApplyEdges(plan, nodes, role_order).add();
}

}  // namespace muster
