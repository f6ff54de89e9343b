#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "provisioner/engine/step_runner.h"

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

/// Whether a task is of the kind package, and is to have some there.
bool installs_packages(const Task& task);

/// What such a task installs where the nodes have "apt", "dnf" or "apk"; without
/// names that hold templates.
std::set<std::string> packages_of(const Task& task, const std::string& family);

/// Nodes of which nobody knows the architecture are taken to have this machine's.
Needs needs_of(const World& world, const Cluster& cluster, const Plan& plan);

/// What to type for artifacts that are missing: "muster artifacts fetch --arch arm64".
std::string fetch_command(const std::string& kubernetes_version, const std::string& arch);

/// Brings artifacts and what providers make into the cache. Returns the optional artifacts that
/// could not be had, with the reasons. Throws Error for any other.
std::vector<std::pair<std::string, std::string>> get_needs(
    const World& world, const Cluster& cluster, const Needs& needs,
    const std::function<void(const std::string&)>& note);

}  // namespace muster
