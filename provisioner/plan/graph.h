#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "provisioner/plan/plan.h"

namespace muster {

/// A plan's edges the way a run follows them. Vertices are the steps by id, then the gates.
struct PlanGraph {
  explicit PlanGraph(const Plan& plan);

  std::size_t steps;
  std::vector<std::vector<int>> followers;  ///< who waits for the vertex
  std::vector<int> waiting_for;             ///< how many vertices it waits for

  /// For each vertex the sum of `weights` (by step, none negative) on the heaviest chain that
  /// begins with it; 0 for those that a cycle keeps from ever starting.
  std::vector<std::int64_t> chain_weights(const std::vector<std::int64_t>& weights) const;

  /// The same with the weights of the plan's steps.
  std::vector<std::int64_t> chain_weights(const Plan& plan) const;
};

}  // namespace muster
