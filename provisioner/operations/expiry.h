#pragma once

#include <string>
#include <vector>

#include "provisioner/operations/operations.h"

namespace muster {

/// Whether the time that a deployment was given is over.
bool has_expired(const DeploymentRecord& record, std::int64_t now_ms);

/// Those whose time is over, the longest ago first.
std::vector<DeploymentRecord> expired_deployments(Store& store, std::int64_t now_ms);

/// What became of an expired deployment.
enum class Fate {
  destroyed,   ///< it is gone
  kept,        ///< meanwhile it got more time, or another run destroyed it
  in_use,      ///< another run has it
  failed,      ///< something of it is left
  interrupted  ///< by Ctrl-C
};

struct Swept {
  Fate fate = Fate::kept;
  std::string why;  ///< of in_use: by whom; of failed: the error, unless the run has told it
};

/// Destroys the deployment if it is still expired when its lock is held: somebody may have given it
/// more time since it was looked at. Nothing that is about this deployment alone is thrown.
/// `options.confirm` is not asked.
Swept destroy_expired(const World& world, const std::string& name, RunOptions options);

}  // namespace muster
