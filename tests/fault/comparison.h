#pragma once

#include <string>
#include <vector>

#include "inventory/record.h"

namespace muster::testing {

/// How what the provider has differs from what is on record.
struct Comparison {
  std::vector<std::string> leaks;  ///< the provider has it, and nobody knows
  std::vector<std::string> lost;   ///< on record as ready, and the provider does not have it
  /// Nodes that are not whole on one side or the other: fine after a kill, wrong after an apply.
  std::vector<std::string> unfinished;
};

/// Asks the provider and the state (MUSTER_STATE) itself, when no muster runs.
Comparison compare(const std::string& deployment, const std::string& provider = "local");

/// Empty when there is no such deployment.
DeploymentRecord recorded(const std::string& deployment);

/// The files of the deployment 'light', read from its nodes' disks: what is not as planned.
std::vector<std::string> wrong_light_files();

/// Destroys what the provider has of the deployment, known or not: a leak is found once.
void destroy_leaks(const std::string& deployment);

/// Whether the state knows no deployment; else which.
std::string deployments_left();

/// What this machine has of nodes of the provider `local`.
std::string what_is_left();

}  // namespace muster::testing
