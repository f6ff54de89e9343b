#pragma once

#include <vector>

#include "provisioner/checks/preflight_rules.h"

namespace muster {

/// What others have left on a host that is new to us, and what it means for what the host is to be.
std::vector<Finding> judge_leftovers(const NodeNeeds& needs, const Sighting& seen);

}  // namespace muster
