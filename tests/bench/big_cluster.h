#pragma once

#include <string>
#include <vector>

#include "inventory/cluster.h"
#include "inventory/record.h"
#include "provisioner/definition/role.h"

/// Clusters of any size, for measurements. They have no network plugin: with "bridge" every node
/// has a route to every other, so that a node more is work on all, whoever plans it.
namespace muster::bench {

/// A definition of `nodes` nodes, 3 of them masters with etcd, as JSON.
std::string big_definition(int nodes);

/// Reads and expands a definition without mistakes.
Cluster expand_text(const std::string& definition, const std::vector<Role>& roles);

/// `nodes` nodes with one role of a user's own, which needs nothing.
Cluster flat_cluster(int nodes, const Role& role);

/// What is on record once `cluster` was applied and all went well.
DeploymentRecord record_of(const Cluster& cluster, const std::vector<Role>& roles);

}  // namespace muster::bench
