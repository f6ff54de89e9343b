#pragma once

#include <vector>

#include "provisioner/checks/preflight_rules.h"

namespace muster {

/// What the pod and Service networks would take away from a host: adds to `findings`, one of each
/// network at most.
void judge_networks(const NodeNeeds& needs, const Sighting& seen, std::vector<Finding>& findings);

}  // namespace muster
