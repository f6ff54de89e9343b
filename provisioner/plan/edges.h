#pragma once

#include <string>
#include <vector>

#include "provisioner/plan/plan.h"

namespace muster {

inline constexpr int kNoStep = -1;

/// A role wanted on a node, and the step that sees to it; none when it is done already.
struct Placement {
  const Role* role = nullptr;
  int step = kNoStep;
};

/// One node of a cluster as the edges see it.
struct NodeSteps {
  int create = kNoStep;
  std::vector<int> undo;  ///< of roles that leave this node
  std::vector<Placement> roles;
};

/// Makes each role's step wait for what it would wait for in an apply of the whole cluster.
void add_apply_edges(Plan& plan, const std::vector<NodeSteps>& nodes,
                     const std::vector<std::string>& role_order);

/// The reverse for undo steps: `undone` holds, for each node, its undo steps in the order in which
/// they run; on every node a role is undone after those that were applied after it.
void add_undo_edges(Plan& plan, const std::vector<std::vector<int>>& undone,
                    const std::vector<Role>& roles, const std::vector<std::string>& role_order);

}  // namespace muster
