#pragma once

#include <map>
#include <string>
#include <vector>

#include "inventory/cluster.h"
#include "provisioner/definition/role.h"

namespace muster {

/// What leaves the nodes because settings or keys differ from those on record, in words. The nodes
/// themselves know it exactly: this is for a plan, which asks none.
class LeavingNames {
 public:
  /// `former`: settings and keys of the definition on record; nullptr when nobody knows them.
  LeavingNames(const Cluster& cluster, const Cluster* former);

  /// "keys and sudo leave 'ann'; programs leave '/usr/local/bin'": of what the tasks of `role`
  /// name; empty when nothing leaves.
  const std::string& of(const Role& role);

 private:
  struct Change {
    std::vector<std::string> written_as;  ///< in templates
    std::string words;
  };
  std::string find(const Role& role) const;
  void compare_keys(const Cluster& cluster, const Cluster& former);

  std::vector<Change> changes_;
  std::map<std::string, std::string> found_;  ///< by role
};

}  // namespace muster
