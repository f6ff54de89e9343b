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
  bool in_service = false;  ///< the node had it before
  bool in_turn = false;     ///< its step is part of the node's turn: see mark_turns
};

/// One node of a cluster as the edges see it.
struct NodeSteps {
  int create = kNoStep;
  std::vector<int> undo;  ///< of roles that leave this node
  std::vector<Placement> roles;
};

/// Nodes on which roles that are `rolling` and in service are applied again take turns, so that one
/// at a time is out of service: returns them (as indexes) in that order, and marks the steps that
/// make up each turn. Nodes whose members others list by role come first. None when fewer than two
/// nodes would take part.
std::vector<std::size_t> mark_turns(std::vector<NodeSteps>& nodes);

/// Makes the first steps of each turn wait for all steps of the turn before it.
void add_turn_gates(Plan& plan, const std::vector<NodeSteps>& nodes,
                    const std::vector<std::size_t>& turns);

/// Makes each role's step wait for what it would wait for in an apply of the whole cluster. A role
/// of a turn is in service meanwhile: that is what its `after_one` asks of it, and it waits for no
/// other node itself but that of the turn before.
void add_apply_edges(Plan& plan, const std::vector<NodeSteps>& nodes,
                     const std::vector<std::string>& role_order);

/// A node that is no longer wanted, with roles to undo.
struct LeavingNode {
  const NodeRecord* node = nullptr;
  int first = kNoStep;  ///< the first of its undo steps
};

/// Makes `leaving` wait: for all steps of new nodes that have a role of theirs, which must end
/// well, and for what is applied again on nodes that restart services. `wanted` are the cluster's
/// nodes in the order of `nodes`. Returns whether there is anything that any of them waits for.
bool add_leaving_gates(Plan& plan, const std::vector<LeavingNode>& leaving,
                       const std::vector<Node>& wanted, const std::vector<NodeSteps>& nodes);

/// The reverse for undo steps: `undone` holds, for each node, its undo steps in the order in which
/// they run; on every node a role is undone after those that were applied after it.
void add_undo_edges(Plan& plan, const std::vector<std::vector<int>>& undone,
                    const std::vector<Role>& roles, const std::vector<std::string>& role_order);

}  // namespace muster
