#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "provisioner/artifacts/bundle.h"
#include "provisioner/base/sha256.h"

namespace muster {

/// Reads a bundle from its beginning to its end, piece by piece, and believes nothing in it that
/// its sums do not confirm. Throws Error naming what is damaged, missing or extra.
class BundleReader {
 public:
  /// Reads the manifest. Once `stop` is asked for, reading ends with an Error.
  explicit BundleReader(const std::filesystem::path& bundle, std::stop_token stop = {});
  ~BundleReader();

  const BundleManifest& manifest() const { return manifest_; }

  using Sink = std::function<void(std::string_view)>;
  /// The next file; they come as the manifest has them. What `sink` (may be empty) gets is
  /// confirmed only when this returns.
  void read(const BundleFile& file, const Sink& sink);

  /// After the last file: nothing may follow.
  void read_end();

 private:
  struct Decoder;

  void begin_frame(const std::string& name);
  /// Fewer than `size` bytes at the end of the frame.
  std::size_t take(char* bytes, std::size_t size);
  std::string take(std::size_t size);
  void pass_on(std::uint64_t bytes, const Sink& sink);
  void expect_zeros(std::size_t count);
  /// Reads what is left of the frame (returns how much that is), and holds it against its sum.
  std::uint64_t drain();
  /// The same when nothing may be left.
  void end_frame();
  bool refill();
  std::string raw(std::size_t size);
  /// The header of `expected` or of what is there in its place.
  void check_header(const std::string& header, const BundleFile& expected);
  [[noreturn]] void damaged(const std::string& why) const;

  std::filesystem::path path_;
  std::stop_token stop_;
  std::ifstream in_;
  std::unique_ptr<Decoder> decoder_;
  std::string name_;  ///< of the file that is being read
  Sha256 sum_;        ///< of the bytes of its frame
  BundleManifest manifest_;
};

}  // namespace muster
