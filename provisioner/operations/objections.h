#pragma once

#include <map>
#include <string>
#include <vector>

#include "provisioner/operations/planned.h"

namespace muster {

/// What the plan creates, by provider, as providers are asked about it (Provider::objections).
std::map<std::string, std::vector<NodeSpec>> nodes_to_create(Store& store, const Planned& planned);

/// What the providers say against the nodes that `planned` creates, one line each: of each by
/// itself, or else of all together.
std::vector<std::string> provider_objections(const World& world, const Planned& planned);

}  // namespace muster
