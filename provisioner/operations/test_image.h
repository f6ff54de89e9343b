#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "inventory/cluster.h"
#include "provisioner/report/junit.h"
#include "provisioner/run/world.h"

namespace muster {

/// What the pods of a smoke test run: a busybox, which is an artifact, so that no registry is
/// needed.
inline constexpr char kTestImage[] = "docker.io/library/busybox:1.35";
inline constexpr char kTestArtifact[] = "busybox-image";

/// Brings kTestImage to the nodes that do not have it, all at once. A case without a name: failed
/// when one could not be brought it, skipped when there is no such artifact, so that nodes have to
/// pull it themselves. `architecture` is that of most nodes.
TestCase import_test_image(const World& world, const Cluster& cluster,
                           const DeploymentRecord& record, const std::vector<std::string>& nodes,
                           const std::string& architecture, const std::stop_token& stop,
                           const std::function<void(const std::string&)>& note);

}  // namespace muster
