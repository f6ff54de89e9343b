#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

namespace muster {

/// A local file from an offset on, piece by piece.
class FileSource {
 public:
  /// Throws Error when it cannot be opened.
  FileSource(const std::filesystem::path& file, std::uint64_t offset);
  ~FileSource();
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  /// Valid until the next call; empty at the end. Throws Error.
  std::string_view next();
  /// Bytes that `next` has returned.
  std::uint64_t given() const { return given_; }

 private:
  std::filesystem::path file_;
  int fd_;
  std::vector<char> buffer_;
  std::uint64_t given_ = 0;
};

}  // namespace muster
