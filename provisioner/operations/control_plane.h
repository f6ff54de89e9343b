#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "inventory/cluster.h"
#include "provisioner/run/node_link.h"
#include "provisioner/run/world.h"

namespace muster {

/// What came of a script on a control-plane node.
struct ScriptAnswer {
  int exit_code = 0;
  bool timed_out = false;
  bool stopped = false;  ///< given up because `stop` was requested
  std::string output;    ///< stdout, and then stderr
};

/// The exit code of a script that says why it cannot mean anything here.
inline constexpr int kCannotBeTried = 77;

/// Why such a script failed or was skipped: by its own word ("=> ..."), or else by the last that it
/// said.
std::string reason_in(const std::string& output);

/// A script that runs one function of smoke_test.sh and its like, and prints a beat each second.
std::string case_script(const std::vector<std::string>& words);

/// Runs a script with root's sh there; what it prints is the answer's output, without beats. Given
/// up at the first thing that is printed after `stop` is requested. Throws as NodeLink::run_plain.
ScriptAnswer converse(NodeLink& link, const std::string& script, std::chrono::milliseconds deadline,
                      const std::stop_token& stop);

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

  /// A factor for all waits of scripts: that of the cluster.
  int patience() const { return patience_; }

  /// Runs one function with its arguments, within `deadline` times the patience. Errors of the
  /// connection are in the answer's output. One that cannot be stopped runs to its end.
  ScriptAnswer run(const std::string& name_space, const std::vector<std::string>& words,
                   std::chrono::milliseconds deadline, bool can_stop);

 private:
  void find(const DeploymentRecord& record);

  std::stop_token stop_;
  std::string kubectl_;
  std::string kubeconfig_;
  int patience_;
  NodeLinks links_;
  NodeLink* link_ = nullptr;  ///< in links_
  std::string node_;
};

}  // namespace muster
