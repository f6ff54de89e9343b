#pragma once

namespace muster {

/// Packages of a release are in the cache under this and the release: "packages-debian-12".
inline constexpr const char* kPackages = "packages-";

}  // namespace muster
