#pragma once

#include <algorithm>
#include <utility>

#include "provisioner/plan/edges.h"

namespace muster {

/// Adds the gate and returns its index; kNoStep when nothing is behind it.
inline int add_gate(Plan& plan, Gate gate) {
  if (gate.steps.empty()) return kNoStep;
  std::sort(gate.steps.begin(), gate.steps.end());
  gate.steps.erase(std::unique(gate.steps.begin(), gate.steps.end()), gate.steps.end());
  plan.gates.push_back(std::move(gate));
  return static_cast<int>(plan.gates.size()) - 1;
}

}  // namespace muster
