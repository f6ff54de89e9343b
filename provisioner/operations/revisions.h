#pragma once

#include <optional>
#include <string>

#include "inventory/cluster.h"
#include "provisioner/definition/definition.h"
#include "provisioner/run/world.h"

namespace muster {

/// What definitions are held against, see read_definition.
DefinitionRules rules_of(const World& world);

/// The definition of a revision, held against today's rules. Throws Error when there is no such
/// revision, or when it is wrong by now.
DefinitionResult recorded_definition(const World& world, const std::string& deployment,
                                     int revision);

/// Settings and keys of the definition on record, without nodes; none when it can no longer be
/// read.
std::optional<Cluster> recorded_settings(const World& world, const DeploymentRecord& record);

/// What undo tasks may render of a deployment that is destroyed: the settings of its last
/// definition (the defaults, when that is wrong by now), and no nodes.
Cluster cluster_to_leave(const World& world, const DeploymentRecord& record);

/// The last revision before the present one that was whole and said something else.
std::optional<int> find_revision_before(Store& store, const std::string& deployment);
/// The same; throws Error when there is none.
int revision_before(Store& store, const std::string& deployment);

}  // namespace muster
