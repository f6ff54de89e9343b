#pragma once

#include "inventory/cluster.h"
#include "provisioner/definition/definition.h"
#include "provisioner/state/store.h"

namespace muster {

/// Gives the cluster the secrets of its definition: those that it has, else those that the state
/// keeps of the deployment. Changes nothing; says what is nowhere.
void take_secrets(Store& store, const Definition& definition, Cluster& cluster,
                  Diagnostics& diagnostics);

/// Keeps what the cluster has beside the deployment, which is on record.
void keep_secrets(Store& store, const Cluster& cluster);

}  // namespace muster
