#pragma once

#include <string>

#include "inventory/record.h"
#include "inventory/ssh_route.h"

namespace muster {

/// A deployment, and what ssh needs to reach its nodes. All of it outlives the export.
struct AnsibleExport {
  const DeploymentRecord& record;
  const SshFiles& files;  ///< absolute paths
  const BastionKeys& bastions;
};

/// The deployment's nodes that are ready, as Ansible wants them of a program that is its inventory:
/// groups, and "_meta" with the variables of all hosts. JSON text.
std::string ansible_inventory_json(const AnsibleExport& from);

/// The variables of one node of it, JSON text.
std::string ansible_host_json(const NodeRecord& node, const AnsibleExport& from);

}  // namespace muster
