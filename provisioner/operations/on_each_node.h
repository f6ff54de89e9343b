#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "inventory/record.h"
#include "provisioner/operations/control_plane.h"
#include "provisioner/run/world.h"

namespace muster {

/// What came of the same work on one of several nodes.
struct NodeAnswer {
  std::string node;
  ScriptAnswer answer;
};

/// Does `work` on these nodes, all at once, and waits for all; in the order of `nodes`. Those that
/// are not on record are left out. An error that is thrown is an answer with exit code 1.
std::vector<NodeAnswer> on_each_node(const World& world, const DeploymentRecord& record,
                                     const std::vector<std::string>& nodes,
                                     const std::stop_token& stop,
                                     const std::function<ScriptAnswer(NodeLink&)>& work);

}  // namespace muster
