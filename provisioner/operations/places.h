#pragma once

#include "inventory/cluster.h"
#include "provisioner/run/world.h"

namespace muster {

/// Holds what is known of where the nodes are, or will be (ask_machines was asked already), against
/// the cluster's networks and what its roles need; mistakes go to `diagnostics`. `record` may be
/// null, and so may the world's store when there is none yet. Changes nothing.
void check_places(const World& world, const Definition& definition, const Cluster& cluster,
                  const DeploymentRecord* record, Diagnostics& diagnostics);

}  // namespace muster
