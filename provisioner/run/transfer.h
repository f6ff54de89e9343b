#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace muster {

/// Bytes a second: a line that is slower is taken for dead.
inline constexpr std::uint64_t kLeastRate = 32 << 10;
/// What a node may take beside the bytes.
inline constexpr std::chrono::seconds kGrace{60};
/// How often a transfer that takes long says how far it is.
inline constexpr std::chrono::seconds kNoteEvery{10};

/// How long so many bytes may take at so many a second, at least.
inline std::chrono::seconds time_for(std::uint64_t bytes, std::uint64_t rate) {
  return kGrace + std::chrono::seconds(static_cast<std::int64_t>(bytes / rate));
}

/// Of 1,000,000 bytes, without the unit.
inline std::string megabytes(std::uint64_t bytes) {
  return std::to_string((bytes + 500'000) / 1'000'000);
}

}  // namespace muster
