#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace muster {

/// A SHA-256 of bytes that come in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(std::string_view bytes);
  /// In lower-case hex. Call it once, last.
  std::string finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

/// SHA-256 in lower-case hex.
std::string sha256(std::string_view bytes);
/// Of a file's content, or its first `bytes`, read in pieces. Throws Error when it cannot be read.
std::string sha256_of_file(const std::filesystem::path& path, std::uint64_t bytes = UINT64_MAX);

}  // namespace muster
