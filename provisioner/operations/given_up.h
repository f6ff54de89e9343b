#pragma once

#include <algorithm>
#include <string>
#include <vector>

namespace muster {

/// What the user says, by name, to be gone for good.
struct GivenUp {
  std::vector<std::string> nodes;  ///< whose providers do not say so themselves
  /// Deployments that may lose what only their lost nodes had.
  std::vector<std::string> deployments;

  bool has_node(const std::string& name) const { return std::ranges::count(nodes, name) > 0; }
  bool has_deployment(const std::string& name) const {
    return std::ranges::count(deployments, name) > 0;
  }
};

}  // namespace muster
