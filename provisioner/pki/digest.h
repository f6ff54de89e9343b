#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace muster {

/// SHA-256 in lower-case hex.
std::string sha256(std::string_view bytes);
/// Of a file's content, read in pieces. Throws Error when it cannot be read.
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace muster
