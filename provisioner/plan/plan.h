#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "inventory/cluster.h"
#include "inventory/record.h"
#include "provisioner/definition/role.h"

namespace muster {

/// What a step does. A verify is an apply of a role whose record says nothing needs to change.
enum class Verb { create_node, apply_role, verify_role, undo_role, destroy_node };
inline constexpr std::array kVerbs{Verb::create_node, Verb::apply_role, Verb::verify_role,
                                   Verb::undo_role, Verb::destroy_node};

std::string to_string(Verb verb);  ///< "create", "apply", "verify", "undo", "destroy"

/// What a step is taken to last, in ms, until an earlier run has taught it: see Durations.
inline constexpr int kGuessedMs = 1000;

/// One verb on one node.
struct Step {
  int id = 0;  ///< its index in Plan::steps
  Verb verb = Verb::create_node;
  std::string node;
  std::string role;         ///< empty for create and destroy
  std::string reason;       ///< why it is planned, for a person
  std::string fingerprint;  ///< of the role on this node, recorded when the step succeeds
  /// About the ms until those who wait for it can make use of it; for the critical path.
  int weight = kGuessedMs;
  std::vector<int> needs;  ///< ids of steps of this node that must end well before it starts
  std::vector<int> gates;  ///< indexes in Plan::gates: what it waits for on other nodes
  /// Of steps that remove a node whose machine is wiped: they only wait for their needs, and run
  /// whatever came of them, but not when a gate stays shut, nor when a node that answers could not
  /// be left (StepResult::holds).
  bool despite_failures = false;

  /// "create c1-001", "etcd on c1-001": how events, journal and errors name it.
  std::string title() const;
};

/// What must have come of the steps behind a gate, once all of them have ended, for it to open.
enum class Opens {
  all_well,  ///< all ended well
  one_well,  ///< at least one did
  ended      ///< nothing: well or not
};

std::string to_string(Opens opens);  ///< "all_well", "one_well", "ended"

/// The index of what is known by this id: a step in Plan::steps, a gate in Plan::gates.
inline std::size_t index(int id) { return static_cast<std::size_t>(id); }

/// Steps that others wait for as one: a cluster-wide dependency costs an edge for each step, not
/// for each pair of steps. One that stays shut fails those who wait for it.
struct Gate {
  std::string name;        ///< for a person: "etcd on every node"
  std::vector<int> steps;  ///< ids of what must end first
  Opens opens = Opens::all_well;
};

/// What a run will do: an immutable graph of steps, in an order a person reads (by node; what is
/// removed comes last). Edges are what a step waits for in an apply of the whole cluster, taken
/// through the steps that are done already. That two steps of a node never run at once is the
/// scheduler's business, not an edge.
struct Plan {
  std::string deployment;
  std::string tenant;
  int base_revision = 0;  ///< of the state that it was made from
  std::vector<Step> steps;
  std::vector<Gate> gates;

  bool empty() const { return steps.empty(); }
};

/// Whether nodes where a rolling role is in service take turns. Where nothing serves any more, as
/// when certificates have expired, the first of them would wait for the others in vain.
enum class Turns { taken, none };

/// What a plan depends on besides what it compares.
struct PlanOptions {
  Turns turns = Turns::taken;
  /// With the settings and keys of the definition on record, so that reasons say what leaves;
  /// nullptr: they do not.
  const Cluster* former = nullptr;
};

/// Desired against recorded state. `record` is nullptr for a new deployment. Pure.
///
/// - A role waits for its `needs` on its node, for its `after` on every node, for its `after_one`
///   on one (unless some node has it already), until the steps of its `after_tried` have ended
///   everywhere, well or not, and for the creation of the nodes whose members it
///   `uses`, well or not: it goes on without those that failed.
/// - role_apply_order: each listed role waits for the one listed before it, on every node, unless
///   the roles' own needs and after say the opposite: then that pair of the list is dropped.
///   Digital Rebar's list orders the binding of roles to nodes, and its examples list k8s-worker
///   before k8s-master.
/// - A node that is no longer wanted has its roles undone in reverse, then is destroyed: one
///   that is wiped whether it answers or not, one whose machine stays only when every undo ended
///   well. That begins when the new nodes that have roles of its are whole, and when every turn
///   (see mark_turns) has ended. A role that is no longer wanted is undone before the node's other
///   steps.
/// - `commit: false` plans the creation of nodes, the removal of those without roles, and nothing
///   else.
Plan plan_apply(const Cluster& cluster, const std::vector<Role>& roles,
                const DeploymentRecord* record, const PlanOptions& options = {});

/// Why an apply must not be made, and what to do instead.
struct Refusal {
  std::string reason;
  std::string hint;
};

/// What only the cluster has would be lost, or it could not be changed any more: all members of
/// etcd or all masters would go at once, or a member would leave an etcd that has no quorum. None
/// when the apply may be made.
std::vector<Refusal> reasons_to_refuse(const Cluster& cluster, const DeploymentRecord& record);

/// Why an apply must not make lost nodes anew unless the user says so by the deployment's name:
/// they are a quorum of etcd, all masters, or all nodes. None when it may.
std::vector<Refusal> reasons_not_to_replace(const Cluster& cluster, const DeploymentRecord& record);

/// Every applied role of `record` as a verify step, for an apply that has nothing to change.
Plan plan_verify(const Cluster& cluster, const std::vector<Role>& roles,
                 const DeploymentRecord& record);

/// The reverse of what was applied, from the record alone: the definition may be gone. Roles are
/// undone only where the machine stays (NodeRecord::wiped), in whatever state the node is.
Plan plan_destroy(const DeploymentRecord& record, const std::vector<Role>& roles);

/// The fingerprint of `role` on `node`: changes when the role's files, the settings, the node, or
/// the members of a role that it uses change; the public keys count for roles that use "access".
/// Four fingerprints joined by ".", in that order, so that a reason can say which one differs. A
/// role with certificates has the generation of these (CertificateOrder) as a fifth, unless it is
/// the first one. A kept node's pod_cidr is taken from `record`.
std::string role_fingerprint(const Cluster& cluster, const Node& node, const Role& role,
                             const DeploymentRecord* record);

/// The roles in `plan` in a cycle ("a -> b -> a": a waits for b), if any: the needs and after of
/// a user's roles can make one.
std::optional<std::string> find_cycle(const Plan& plan);

std::string plan_text(const Plan& plan);
/// Of several deployments: a few whole, many with a line each, and the sum of them all.
std::string plan_text(const std::vector<const Plan*>& plans);
/// `findings`: a JSON array on the hosts of new nodes, which plan_from_json leaves out.
std::string plan_json(const Plan& plan, const std::string& findings = "");
std::string plan_dot(const Plan& plan);
/// The plan that plan_json wrote. Throws Error when the text is not one.
Plan plan_from_json(const std::string& text);

}  // namespace muster
