#pragma once

#include <optional>
#include <string>

#include "provisioner/engine/step_runner.h"

namespace muster {

/// The definition of a revision, held against today's rules. Throws Error when there is no such
/// revision, or when it is wrong by now.
DefinitionResult recorded_definition(const World& world, const std::string& deployment,
                                     int revision);

/// The last revision before the present one that was whole and said something else.
std::optional<int> find_revision_before(Store& store, const std::string& deployment);
/// The same; throws Error when there is none.
int revision_before(Store& store, const std::string& deployment);

}  // namespace muster
