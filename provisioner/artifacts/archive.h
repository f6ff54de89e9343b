#pragma once

#include <filesystem>
#include <string>

namespace muster {

/// Writes one file of a tar archive, compressed or not, to `to`. Members are named as the archive
/// names them, "./" in front or not. Returns the problem, empty when `to` is whole; else there is
/// no `to`.
std::string extract_member(const std::filesystem::path& archive, const std::string& member,
                           const std::filesystem::path& to);

}  // namespace muster
