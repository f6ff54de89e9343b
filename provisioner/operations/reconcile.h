#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "inventory/record.h"
#include "provisioner/operations/given_up.h"
#include "provisioner/run/world.h"

namespace muster {

/// Holds the nodes that should be there against what their providers have now: those of which a
/// provider says that they are gone become `lost`, so do those that `given_up` names and that no
/// provider says to have; those switched off become `off`, others `half_made`. A second machine
/// with the token of a node is added as its twin, `destroying`. Changes nothing but `record`.
///
/// A list that lacks a node is a question: the provider is asked for that node, and the list a few
/// times more. Throws Error that names the nodes whose providers still do not say.
void ask_providers(const World& world, DeploymentRecord& record, const GivenUp& given_up);

/// Adds nodes at the providers that the state does not know, as `destroying`: a create was cut
/// short before its answer, a state was lost, or a machine was made twice.
void add_unknown_nodes(const World& world, DeploymentRecord& record);

/// Sets NodeRecord::wiped of every node: what the planner has to know of its provider. One whose
/// provider is not there is taken to stay.
void ask_what_is_wiped(ProviderRegistry& providers, DeploymentRecord& record);

}  // namespace muster
