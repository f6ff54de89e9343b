#pragma once

#include <map>
#include <string>
#include <vector>

#include "provisioner/engine/operations.h"

namespace muster {

/// What the plan creates, by provider, as providers are asked about it (Provider::objections).
std::map<std::string, std::vector<NodeSpec>> nodes_to_create(const World& world,
                                                             const Planned& planned);

/// What the providers say of all the nodes together that the plan creates (Provider::objections).
std::vector<std::string> joint_objections(const World& world, const Planned& planned);

}  // namespace muster
