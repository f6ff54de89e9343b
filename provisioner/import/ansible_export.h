#pragma once

#include <string>

#include "inventory/record.h"

namespace muster {

/// Files that ssh needs to reach a deployment's nodes; absolute paths.
struct AnsibleFiles {
  std::string key;          ///< muster's own private key, of nodes that it opens
  std::string known_hosts;  ///< keys of hosts, by the names of the nodes
  std::string bastions;     ///< where ssh may keep the keys of bastions
};

/// The deployment's nodes that are ready, as Ansible wants them of a program that is its inventory:
/// groups, and "_meta" with the variables of all hosts. JSON text.
std::string ansible_inventory_json(const DeploymentRecord& record, const AnsibleFiles& files);

/// The variables of one node, JSON text.
std::string ansible_host_json(const DeploymentRecord& record, const NodeRecord& node,
                              const AnsibleFiles& files);

}  // namespace muster
