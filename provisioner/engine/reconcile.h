#pragma once

#include "inventory/record.h"
#include "provisioner/engine/step_runner.h"

namespace muster {

/// Holds the nodes that should be there against what their providers have now: those that are gone
/// become `lost`, those switched off become `off`. Changes nothing but `record`.
void ask_providers(const World& world, DeploymentRecord& record);

/// Adds nodes at the providers that the state does not know, as `destroying`: a create was cut
/// short before its answer, or a state was lost.
void add_unknown_nodes(const World& world, DeploymentRecord& record);

/// Sets NodeRecord::wiped of every node: what the planner has to know of its provider. One whose
/// provider is not there is taken to stay.
void ask_what_is_wiped(ProviderRegistry& providers, DeploymentRecord& record);

}  // namespace muster
