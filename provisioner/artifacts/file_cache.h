#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "provisioner/artifacts/artifact.h"
#include "provisioner/artifacts/catalog.h"

namespace muster {

/// Where a file that comes into the cache is from.
struct ArtifactOrigin {
  std::string origin;  ///< as Artifact has it, and `bundle`
  std::string bundle = "";
  std::string sha256 = "";  ///< empty: not known yet
};

/// The files on disk, each under its sha256 (store/), and what is known of them (index/). Files
/// come in whole and by rename; one that is not what the index says is moved to damaged/.
class FileCache {
 public:
  explicit FileCache(std::filesystem::path root);

  /// Compares sizes only; an unreadable index counts as "not there".
  std::optional<Artifact> find(const ArtifactKey& key) const;

  /// Moves `file` into the store; it must be on the cache's file system.
  Artifact take(const ArtifactKey& key, const std::filesystem::path& file,
                const ArtifactOrigin& source);

  /// All that is there, by the names of its records.
  std::vector<Artifact> all() const;

  /// Reads all files; moves those aside, and returns them, whose sha256 is wrong.
  std::vector<Artifact> verify();

 private:
  void move_aside(const std::filesystem::path& file) const;

  std::filesystem::path root_;
};

}  // namespace muster
