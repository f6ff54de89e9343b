#pragma once

#include <filesystem>
#include <string>

#include "providers/local/records.h"

namespace muster {

/// Makes the node's folder with all that must be on its disk before the first boot: its ssh host
/// key, who may log in, its names and its DNS servers. Returns the public host key.
std::string make_disk(const LocalNode& node, const std::filesystem::path& folder,
                      const std::string& authorized_key);

/// Sees to it that what make_disk wrote outlives a crash of this machine.
void sync_disk(const std::filesystem::path& folder);

/// Removes the folder and all in it; fine when it is not there.
void remove_disk(const std::filesystem::path& folder);

/// Options of the overlay mount: the image below, the node's own files above.
std::string overlay_options(const std::filesystem::path& image,
                            const std::filesystem::path& folder);

}  // namespace muster
