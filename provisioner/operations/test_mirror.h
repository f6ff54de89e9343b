#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "inventory/cluster.h"
#include "provisioner/report/junit.h"
#include "provisioner/run/world.h"

namespace muster {

/// An image that nodes are to pull from a mirror.
struct MirroredImage {
  std::string registry;              ///< of the definition: "docker.io", "*"
  std::string image;                 ///< empty: none is known
  std::vector<std::string> mirrors;  ///< URLs, in the order of asking
};

/// One for each registry that has mirrors. `image_from` is asked for an image of a registry where
/// muster knows none itself.
std::vector<MirroredImage> mirrored_images(
    const Cluster& cluster, const std::function<std::string(const std::string&)>& image_from);

/// Pulls them on these nodes, all at once. A case without a name: failed when a node did not get an
/// image, or got it from elsewhere; skipped when there is nothing to pull.
TestCase pull_from_mirrors(const World& world, const Cluster& cluster,
                           const DeploymentRecord& record, const std::vector<std::string>& nodes,
                           const std::vector<MirroredImage>& images, const std::stop_token& stop);

}  // namespace muster
