#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "inventory/cluster.h"
#include "provisioner/engine/step_runner.h"

namespace muster {

/// What came of a script on a control-plane node.
struct ScriptAnswer {
  int exit_code = 0;
  bool timed_out = false;
  bool stopped = false;  ///< given up because `stop` was requested
  std::string output;    ///< stdout, and then stderr
};

/// A control-plane node that answers, to run the functions of smoke_test.sh on with the
/// administrator's kubectl that is there. For one thread.
class ControlPlane {
 public:
  /// Finds the node. Throws Error when the deployment has none, or none answers. Keeps no
  /// references but to what `world` names.
  ControlPlane(const World& world, const Cluster& cluster, const DeploymentRecord& record,
               std::stop_token stop);

  const std::string& node() const { return node_; }
  std::string architecture();

  /// Runs one function with its arguments. Errors of the connection are in the answer's output.
  /// One that cannot be stopped runs to its end.
  ScriptAnswer run(const std::string& name_space, const std::vector<std::string>& words,
                   std::chrono::milliseconds deadline, bool can_stop);

 private:
  void find(const DeploymentRecord& record);
  ScriptAnswer converse(const std::string& script, std::chrono::milliseconds deadline,
                        bool can_stop);

  std::stop_token stop_;
  std::string kubectl_;
  std::string kubeconfig_;
  NodeLinks links_;
  NodeLink* link_ = nullptr;  ///< in links_
  std::string node_;
};

}  // namespace muster
