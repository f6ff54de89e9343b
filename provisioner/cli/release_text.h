#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace muster {

/// What `status` says of a cluster's release on a day ("2026-11-30"): until when upstream supports
/// it, and whether a newer patch release is known. Empty for a release that muster does not know.
std::string release_line(const std::string& version, const std::string& today);
nlohmann::ordered_json release_json(const std::string& version, const std::string& today);

/// All releases, newest first, as `muster versions` shows them.
std::string versions_table(const std::string& today);
nlohmann::ordered_json versions_json(const std::string& today);

}  // namespace muster
