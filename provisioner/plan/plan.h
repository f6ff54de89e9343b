#pragma once

#include <optional>
#include <string>
#include <vector>

#include "inventory/cluster.h"
#include "inventory/record.h"
#include "provisioner/definition/role.h"

namespace muster {

/// What a step does. A verify is an apply of a role whose record says nothing needs to change.
enum class Verb { create_node, apply_role, verify_role, undo_role, destroy_node };

std::string to_string(Verb verb);  ///< "create", "apply", "verify", "undo", "destroy"

/// One verb on one node.
struct Step {
  int id = 0;  ///< its index in Plan::steps
  Verb verb = Verb::create_node;
  std::string node;
  std::string role;         ///< empty for create and destroy
  std::string reason;       ///< why it is planned, for a person
  std::string fingerprint;  ///< of the role on this node, recorded when the step succeeds
  std::vector<int> needs;   ///< ids of steps that must end well before this one starts
  /// Undo and destroy steps only wait for their needs; they run whatever came of them.
  bool despite_failures = false;

  /// "create c1-001", "etcd on c1-001": how events, journal and errors name it.
  std::string title() const;
};

/// What a run will do: an immutable graph of steps, in an order a person reads.
struct Plan {
  std::string deployment;
  std::string tenant;
  int base_revision = 0;  ///< of the state that it was made from
  std::vector<Step> steps;

  bool empty() const { return steps.empty(); }
};

/// Desired against recorded state. `record` is nullptr for a new deployment. Pure.
Plan plan_apply(const Cluster& cluster, const std::vector<Role>& roles,
                const DeploymentRecord* record);

/// Every applied role of `record` as a verify step, for an apply that has nothing to change.
Plan plan_verify(const Cluster& cluster, const std::vector<Role>& roles,
                 const DeploymentRecord& record);

/// The reverse of what was applied, from the record alone: the definition may be gone.
Plan plan_destroy(const DeploymentRecord& record, const std::vector<Role>& roles);

/// The fingerprint of `role` on `node`: changes when the role's files, the settings, the node, or
/// the members of a role that it uses change. `record` tells replaced nodes from kept ones.
std::string role_fingerprint(const Cluster& cluster, const Node& node, const Role& role,
                             const DeploymentRecord* record);

/// The roles in `plan` in a cycle ("a -> b -> a"), if any: role_apply_order can make one.
std::optional<std::string> find_cycle(const Plan& plan);

std::string plan_text(const Plan& plan);
std::string plan_json(const Plan& plan);
std::string plan_dot(const Plan& plan);
/// The plan that plan_json wrote. Throws Error when the text is not one.
Plan plan_from_json(const std::string& text);

}  // namespace muster
