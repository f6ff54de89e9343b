#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace muster {

// A bundle is a tar, compressed by zstd, that any tar program reads. Each of its files, header and
// filling included, is a zstd frame of its own; behind it comes a frame that zstd skips, with the
// SHA-256 of the frame's bytes. So a wrong byte is found wherever it is, and is one file's.

constexpr std::string_view kManifestPath = "manifest.json";
constexpr std::size_t kTarBlock = 512;
constexpr std::size_t kTarEnd = 2 * kTarBlock;                        ///< zeros
constexpr std::uint64_t kLargestFile = (std::uint64_t{1} << 33) - 1;  ///< as ustar has it
constexpr std::uint64_t kLargestManifest = 4u << 20;

/// First bytes of a frame with content, as they are in the file.
constexpr std::string_view kFrameMagic("\x28\xb5\x2f\xfd", 4);
/// What stands before a sum: the magic of a frame to skip, and 64, the length of the hex digits.
constexpr std::string_view kSumHead("\x5d\x2a\x4d\x18\x40\0\0\0", 8);
constexpr std::size_t kSumDigits = 64;

/// The header of a plain file, always the same for the same path (100 bytes at most) and size.
std::string tar_header(std::string_view path, std::uint64_t bytes);
/// How many zeros follow a file.
constexpr std::size_t tar_filling(std::uint64_t bytes) {
  return static_cast<std::size_t>((kTarBlock - bytes % kTarBlock) % kTarBlock);
}

}  // namespace muster
