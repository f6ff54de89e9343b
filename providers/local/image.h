#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace muster {

/// What the hint "os" may say of a local node; the first when it says nothing.
const std::vector<std::string>& node_systems();

/// Where the root file system of local nodes with this system is (or will be): named after the
/// script that builds it, so that another script gets another image.
std::filesystem::path node_image(const std::filesystem::path& cache, const std::string& os);

/// Builds the image unless it is there. Waits for another muster that builds it.
void build_node_image(const std::filesystem::path& cache, const std::string& os,
                      const std::function<void(const std::string&)>& note);

}  // namespace muster
