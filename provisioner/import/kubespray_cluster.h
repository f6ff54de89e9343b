#pragma once

#include <span>
#include <string>
#include <vector>

#include "provisioner/definition/value.h"
#include "provisioner/import/ansible_scope.h"
#include "provisioner/import/import_report.h"

namespace muster {

/// What the variables say of a cluster as a whole.
struct ImportedCluster {
  std::vector<Value::Member> attribs;
  std::string api_endpoint;  ///< may be empty
};

/// Of the cluster's hosts, the first control plane first: where they differ, the first one that has
/// a variable is followed, and the report says so.
ImportedCluster import_cluster(std::span<const HostScope> hosts, ImportReport& report);

}  // namespace muster
