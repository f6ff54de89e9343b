#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "inventory/cluster.h"
#include "provisioner/plan/fingerprints.h"

namespace muster {

/// Who joins and leaves the lists of members that roles render, and what that means for a role
/// that is applied already.
class Membership {
 public:
  Membership(const Cluster& cluster, const DeploymentRecord* record);

  /// Why `role` must be applied again, given the changed_parts of its fingerprint; empty when it
  /// need not be.
  const std::string& reason_of_change(const Role& role, const std::vector<std::string>& parts);

 private:
  struct Members {
    std::vector<std::string> created;  ///< anew, perhaps in place of one of the same name
    std::vector<std::string> joining;  ///< the created, and those that get the role
    std::vector<std::string> leaving;
  };

  std::string find_reason(const Role& role, std::vector<std::string> parts);
  const Members& members_of(const std::string& used);

  const Cluster& cluster_;
  const DeploymentRecord* record_;
  RecordIndex recorded_;
  std::map<std::string, Members> members_;  ///< by used role
  /// By role and parts: many nodes have the same, and it may name thousands of members.
  std::map<std::pair<std::string, std::vector<std::string>>, std::string> reasons_;
};

}  // namespace muster
