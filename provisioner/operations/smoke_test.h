#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "inventory/cluster.h"
#include "provisioner/report/junit.h"
#include "provisioner/run/world.h"

namespace muster {

struct SmokeTestOptions {
  std::stop_token stop;  ///< ends the test early; what it made is removed all the same
  std::function<void(const TestCase&)> on_case;     ///< takes each case as it ends
  std::function<void(const std::string&)> on_note;  ///< takes lines on what goes on
};

/// Tries whether the cluster of a deployment works, with pods of its own in a namespace of its own
/// that is removed at the end: nodes, kubelets, the pod network, Services, cluster DNS, aggregated
/// APIs, and what the cluster has besides: NetworkPolicies, volumes, mirrors. Works on a
/// control-plane node over SSH; on others it brings the image of its pods, and pulls from mirrors:
/// these images stay there.
/// Several may run at once. Every wait has an end. Throws Error when no control-plane node can be
/// worked on; all else is a case that failed.
TestSuite smoke_test(const World& world, const Cluster& cluster, const DeploymentRecord& record,
                     const SmokeTestOptions& options);

/// A node as the case "nodes" of smoke_test.sh prints it.
struct SeenNode {
  std::string name;
  bool schedulable = false;  ///< Ready, and takes pods that tolerate nothing
};

/// Those that `output` names; other lines are passed over.
std::vector<SeenNode> seen_nodes(const std::string& output);

/// Why no NetworkPolicy can be tried: by what the roles of the nodes say of themselves. Empty: one
/// can.
std::string why_no_policies(const Cluster& cluster, const std::vector<Role>& roles);

}  // namespace muster
