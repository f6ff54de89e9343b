#include <algorithm>
#include <set>
#include <unordered_set>

#include "provisioner/base/text.h"
#include "provisioner/definition/overrides.h"
#include "provisioner/plan/edges.h"
#include "provisioner/plan/fingerprints.h"
#include "provisioner/plan/leaving_names.h"
#include "provisioner/plan/membership.h"
#include "provisioner/plan/plan.h"

namespace muster {

namespace {

int add_step(Plan& plan, Verb verb, const std::string& node, const std::string& role,
             std::string reason) {
  Step step;
  step.id = static_cast<int>(plan.steps.size());
  step.verb = verb;
  step.node = node;
  step.role = role;
  step.reason = std::move(reason);
  plan.steps.push_back(std::move(step));
  return plan.steps.back().id;
}

/// Undoes the roles of `node` that `leaves` says, last applied first.
template <typename Leaves>
std::vector<int> undo_roles(Plan& plan, const NodeRecord& node, const std::string& reason,
                            Leaves leaves) {
  std::vector<int> steps;
  for (auto role = node.roles.rbegin(); role != node.roles.rend(); ++role) {
    if (!leaves(role->role)) continue;
    steps.push_back(add_step(plan, Verb::undo_role, node.name, role->role, reason));
  }
  return steps;
}

enum class Farewell { plain, drained };

/// Destroys `node`, after undoing all of its roles where its machine stays or others are to be
/// told. A machine that is wiped goes whatever comes of that; one that stays does when all ended
/// well. Returns the undo steps; the last step is the one that destroys.
std::vector<int> remove_node(Plan& plan, const NodeRecord& node, const std::string& reason,
                             Farewell farewell) {
  std::vector<int> undo;
  if (!node.wiped || farewell == Farewell::drained) {
    undo = undo_roles(plan, node, reason, [](const std::string&) { return true; });
  }
  const int destroy = add_step(plan, Verb::destroy_node, node.name, "", reason);
  if (!undo.empty()) plan.steps.back().needs = {undo.back()};
  for (int id : undo) plan.steps[index(id)].despite_failures = node.wiped;
  plan.steps[index(destroy)].despite_failures = node.wiped;
  return undo;
}

/// Looks roles up by name; one that no file describes has no needs and no tasks.
class RoleTable {
 public:
  explicit RoleTable(const std::vector<Role>& roles) {
    for (const auto& role : roles) roles_.emplace(role.name, &role);
  }

  const Role& get(const std::string& name) {
    auto found = roles_.find(name);
    if (found != roles_.end()) return *found->second;
    auto& unknown = unknown_[name];
    unknown.name = name;
    return unknown;
  }

  /// `names` and all that they need.
  const std::set<std::string>& with_needs(const std::vector<std::string>& names) {
    auto [found, fresh] = with_needs_.try_emplace(names);
    auto& all = found->second;
    if (!fresh) return all;
    auto open = names;
    while (!open.empty()) {
      auto name = std::move(open.back());
      open.pop_back();
      if (!all.insert(name).second) continue;
      const auto& needs = get(name).needs;
      open.insert(open.end(), needs.begin(), needs.end());
    }
    return all;
  }

 private:
  std::map<std::string, const Role*> roles_;
  std::map<std::string, Role> unknown_;
  std::map<std::vector<std::string>, std::set<std::string>> with_needs_;
};

/// Compares the nodes and roles that a cluster wants with those recorded.
class ApplyPlanner {
 public:
  ApplyPlanner(const Cluster& cluster, const std::vector<Role>& roles,
               const DeploymentRecord* record, const Cluster* former = nullptr)
      : cluster_(cluster),
        roles_(roles),
        table_(roles),
        record_(record),
        fingerprints_(cluster, record),
        membership_(cluster, record),
        leaving_names_(cluster, former) {
    plan_.deployment = cluster.name;
    plan_.tenant = cluster.tenant;
    plan_.base_revision = record == nullptr ? 0 : record->revision;
    if (record != nullptr) recorded_ = index_of(*record);
  }

  Plan apply(Turns taken) {
    std::vector<NodeSteps> nodes;
    for (const auto& node : cluster_.nodes) nodes.push_back(plan_node(node));
    plan_removed_nodes();
    if (!cluster_.commit) return std::move(plan_);
    std::vector<std::size_t> turns;
    if (taken == Turns::taken) turns = mark_turns(nodes);
    add_apply_edges(plan_, nodes, cluster_.role_order);
    add_turn_gates(plan_, nodes, turns);
    // Who leaves waits for others, and what changes on kept nodes for what is undone there: apart,
    // or each would wait for the other.
    if (add_leaving_gates(plan_, leaving_, cluster_.nodes, nodes)) {
      add_undo_edges(plan_, undone_, roles_, cluster_.role_order);
    } else {
      undone_leaving_.insert(undone_leaving_.begin(), undone_.begin(), undone_.end());
    }
    add_undo_edges(plan_, undone_leaving_, roles_, cluster_.role_order);
    return std::move(plan_);
  }

  Plan verify() {
    std::vector<NodeSteps> nodes;
    for (const auto& node : cluster_.nodes) {
      const auto* record = kept_record(recorded_, node);
      if (record != nullptr) nodes.push_back(verify_node(node, *record));
    }
    add_apply_edges(plan_, nodes, cluster_.role_order);
    return std::move(plan_);
  }

 private:
  int plan_creation(const Node& node) {
    auto record = recorded_.find(node.name);
    if (record == recorded_.end()) {
      return add_step(plan_, Verb::create_node, node.name, "", "new node");
    }
    auto anew = [&](const char* reason) {
      return add_step(plan_, Verb::create_node, node.name, "", reason);
    };
    // What another provider may have of it goes first: nobody would ask that one later.
    const bool moves =
        provider_kind(record->second->provider) != provider_kind(node.provider) &&
        (record->second->state == NodeState::creating || record->second->state == NodeState::off ||
         record->second->state == NodeState::half_made);
    switch (moves ? NodeState::destroying : record->second->state) {
      case NodeState::creating:
        return anew("its creation was not finished by an earlier run");
      case NodeState::lost:
        return anew("its provider no longer has it");
      case NodeState::off:
        return anew("it is switched off");
      case NodeState::half_made:
        return anew("its provider has not finished it");
      case NodeState::ready:
      case NodeState::destroying:
        break;
    }
    undone_.push_back(remove_node(plan_, *record->second,
                                  moves ? "it comes from another provider now"
                                        : "its removal was not finished by an earlier run",
                                  Farewell::plain));
    const int destroy = plan_.steps.back().id;
    int create = add_step(plan_, Verb::create_node, node.name, "", "wanted again");
    plan_.steps.back().needs.push_back(destroy);
    return create;
  }

  NodeSteps plan_node(const Node& node) {
    NodeSteps steps;
    const auto* record = kept_record(recorded_, node);
    if (record == nullptr) steps.create = plan_creation(node);
    if (!cluster_.commit) return steps;
    static const std::set<std::string> kNothing;
    const auto* wanted_before = &kNothing;
    if (record != nullptr) {
      steps.undo = undo_roles(plan_, *record, "no longer wanted on this node",
                              [&](const std::string& role) { return !wants(node, role); });
      undone_.push_back(steps.undo);
      wanted_before = &table_.with_needs(record->wanted_roles);
    }
    for (const auto& name : node.all_roles) {
      const auto& role = table_.get(name);
      auto fingerprint = fingerprints_.of(node, role);
      auto reason = record == nullptr ? std::string("new node")
                                      : reason_to_apply(role, *record, fingerprint, *wanted_before);
      int id = kNoStep;
      if (!reason.empty()) {
        id = add_step(plan_, Verb::apply_role, node.name, name, std::move(reason));
        plan_.steps.back().fingerprint = std::move(fingerprint);
        plan_.steps.back().weight += 1000 * role.settles_seconds;
      }
      const auto* had = record == nullptr ? nullptr : record->find_role(name);
      steps.roles.push_back({&role, id, had != nullptr && !had->fingerprint.empty()});
    }
    return steps;
  }

  /// Empty when the role needs nothing.
  std::string reason_to_apply(const Role& role, const NodeRecord& node,
                              const std::string& fingerprint,
                              const std::set<std::string>& wanted_before) {
    const auto* record = node.find_role(role.name);
    if (record == nullptr && wanted_before.count(role.name) == 0) return "new role";
    if (record == nullptr || !record->whole()) return "not finished by an earlier run";
    // Told apart only when they differ: of 10,000 nodes most are as they were.
    if (record->fingerprint == fingerprint) return membership_.reason_of_change(role, {});
    auto parts = changed_parts(record->fingerprint, fingerprint);
    auto reason = membership_.reason_of_change(role, parts);
    if (std::ranges::find(parts, "settings") == parts.end()) return reason;
    const auto& leaving = leaving_names_.of(role);
    return leaving.empty() ? reason : reason + "; " + leaving;
  }

  void plan_removed_nodes() {
    if (record_ == nullptr) return;
    std::unordered_set<std::string> wanted;
    for (const auto& node : cluster_.nodes) wanted.insert(node.name);
    for (auto node = record_->nodes.rbegin(); node != record_->nodes.rend(); ++node) {
      if (wanted.count(node->name) > 0) continue;
      // What was never more than proposed can be taken back by a proposal.
      if (!cluster_.commit && !node->roles.empty()) continue;
      // A node that is only half there, or half gone, has nothing to drain.
      const auto farewell = node->state == NodeState::ready ? Farewell::drained : Farewell::plain;
      const auto twin_of = node->twin_of();
      const auto reason = twin_of.empty() ? std::string("no longer in the definition")
                                          : "its provider made it besides '" + twin_of + "'";
      undone_leaving_.push_back(remove_node(plan_, *node, reason, farewell));
      if (const auto& undone = undone_leaving_.back(); !undone.empty()) {
        leaving_.push_back({&*node, undone.front()});
      }
    }
  }

  NodeSteps verify_node(const Node& node, const NodeRecord& record) {
    NodeSteps steps;
    for (const auto& name : node.all_roles) {
      if (record.find_role(name) == nullptr) continue;
      const auto& role = table_.get(name);
      int id = add_step(plan_, Verb::verify_role, node.name, name, "applied before");
      plan_.steps.back().fingerprint = fingerprints_.of(node, role);
      steps.roles.push_back({&role, id});
    }
    return steps;
  }

  const Cluster& cluster_;
  const std::vector<Role>& roles_;
  RoleTable table_;
  const DeploymentRecord* record_;
  RecordIndex recorded_;
  Fingerprints fingerprints_;
  Membership membership_;
  LeavingNames leaving_names_;
  std::vector<std::vector<int>> undone_;  ///< undo steps of each node, in the order they run
  std::vector<std::vector<int>> undone_leaving_;  ///< the same, of nodes that leave
  std::vector<LeavingNode> leaving_;
  Plan plan_;
};

}  // namespace

Plan plan_apply(const Cluster& cluster, const std::vector<Role>& roles,
                const DeploymentRecord* record, const PlanOptions& options) {
  return ApplyPlanner(cluster, roles, record, options.former).apply(options.turns);
}

Plan plan_verify(const Cluster& cluster, const std::vector<Role>& roles,
                 const DeploymentRecord& record) {
  return ApplyPlanner(cluster, roles, &record).verify();
}

Plan plan_destroy(const DeploymentRecord& record, const std::vector<Role>& roles) {
  Plan plan;
  plan.deployment = record.name;
  plan.tenant = record.tenant;
  plan.base_revision = record.revision;
  std::vector<std::vector<int>> undone;
  for (auto node = record.nodes.rbegin(); node != record.nodes.rend(); ++node) {
    undone.push_back(remove_node(plan, *node, "the deployment is destroyed", Farewell::plain));
  }
  add_undo_edges(plan, undone, roles, {});
  return plan;
}

}  // namespace muster
