#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace muster {

/// Where the root file system of local nodes is (or will be): named after the script that builds
/// it, so that another script gets another image.
std::filesystem::path node_image(const std::filesystem::path& cache);

/// Builds the image unless it is there. Waits for another muster that builds it.
void build_node_image(const std::filesystem::path& cache,
                      const std::function<void(const std::string&)>& note);

}  // namespace muster
