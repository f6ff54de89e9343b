#pragma once

#include <string>
#include <vector>

#include "provisioner/operations/operations.h"

namespace muster {

/// A task that would change something on a node where it has been applied before.
struct Drift {
  std::string node;
  std::string role;
  std::string task;
  std::string message;  ///< what it would do
};

struct Refreshed {
  std::vector<Drift> drift;
  std::vector<std::string> unchecked;  ///< roles that could not be asked, and why, one line each
};

/// Asks the nodes of `planned` about every role that is applied to them: the same scripts as an
/// apply runs, in check mode. Changes nothing, on the nodes or in the state.
Refreshed refresh(const World& world, const Planned& planned, const RunOptions& options);

}  // namespace muster
