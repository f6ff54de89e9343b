#pragma once

#include <map>
#include <set>
#include <string>

#include "provisioner/definition/role.h"

namespace muster {

/// By the family of systems that has packages under these names: "apt", "dnf", "apk".
using PackageNames = std::map<std::string, std::set<std::string>>;

/// What a task needs besides its node, as its kind says of it before any node is asked.
struct TaskNeeds {
  std::set<std::string> artifacts;  ///< by their names in the catalog
  bool package_manager = false;
  bool installs_packages = false;
  PackageNames packages;  ///< that it installs; without names that only a node can tell
};

/// Whether the task's conditions hold is not looked at.
TaskNeeds needs_of(const Task& task);

}  // namespace muster
