#pragma once

#include <filesystem>
#include <string_view>

namespace muster {

/// The developers' log (users read the reporter): off unless asked for. Never give it a secret.
void open_log(const std::filesystem::path& file, bool verbose);
void log_info(std::string_view message);
void log_debug(std::string_view message);

}  // namespace muster
