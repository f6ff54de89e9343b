#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "provisioner/plan/plan.h"
#include "provisioner/run/world.h"

namespace muster {

/// What must be on this machine before the first step of a plan, and what nodes bring themselves.
struct Needs {
  /// What roles install, by the architecture of their nodes: "amd64", "arm64".
  std::map<std::string, std::set<std::string>> artifacts;
  std::map<std::string, std::set<std::string>> hints;  ///< of nodes to create, by provider
  std::set<std::string> packages;  ///< that roles install, where the nodes have apt
  /// The same as tasks install them together, with spaces between.
  std::set<std::string> package_tasks;
};

/// Nodes of which nobody knows the architecture are taken to have this machine's.
Needs needs_of(const std::vector<Role>& roles, const Cluster& cluster, const Plan& plan);

/// Brings artifacts and what providers make into the cache. Returns the optional artifacts that
/// could not be had, with the reasons. Throws Error for any other.
std::vector<std::pair<std::string, std::string>> get_needs(
    const World& world, const Cluster& cluster, const Needs& needs,
    const std::function<void(const std::string&)>& note);

}  // namespace muster
