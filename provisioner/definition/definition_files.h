#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "provisioner/definition/value.h"

namespace muster {

/// Where a file that a definition names is: beside the definition when the path is relative, and
/// "~/" is the user's home.
std::filesystem::path path_from(const std::filesystem::path& definition, const std::string& path);

using ReportMistake = std::function<void(Position at, std::string message, std::string hint)>;

/// Puts the texts of files that the tree names ("ca", "policy") in the place of their names, so
/// that what is recorded stands alone; secrets stay where they are. What cannot be read is reported
/// and taken out. True when there was any.
bool take_in_files(Value& root, const std::filesystem::path& definition,
                   const ReportMistake& report);

}  // namespace muster
