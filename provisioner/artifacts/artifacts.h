#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "provisioner/artifacts/artifact.h"
#include "provisioner/artifacts/build.h"
#include "provisioner/artifacts/catalog.h"
#include "provisioner/artifacts/download.h"
#include "provisioner/artifacts/file_cache.h"

namespace muster {

/// The versioned files that roles install. Lookup: cache, upstream, mirrors, a build script of
/// ours. Every file is in the store under its sha256, which was checked when it came in. Several
/// threads and processes may share a cache: one at a time fills it.
class Artifacts {
 public:
  using Note = std::function<void(const std::string&)>;

  /// `cache` is the cache directory; `catalog` the YAML text. Throws Error for a bad catalog.
  Artifacts(std::filesystem::path cache, const std::string& catalog,
            Scripts scripts = embedded_scripts());

  /// What the catalog knows for a Kubernetes version; whether each is in the cache already.
  struct Listed {
    std::string name, version, arch, sha256, origin;
    bool cached = false;
    std::uintmax_t bytes = 0;
  };
  std::vector<Listed> list(const std::string& kubernetes_version, const std::string& arch) const;

  /// From the cache, or nothing. Cheap.
  std::optional<Artifact> find(const std::string& name, const std::string& kubernetes_version,
                               const std::string& arch) const;

  /// Brings the named ones into the cache; progress to `note`. Throws Error naming everything
  /// that was tried. Artifacts marked optional in the catalog are left out instead: their names
  /// and the reasons are returned.
  std::vector<std::pair<std::string, std::string>> fetch(const std::vector<std::string>& names,
                                                         const std::string& kubernetes_version,
                                                         const std::string& arch, const Note& note);

  /// Reads every cached file again; returns those whose sha256 is wrong (they are moved aside).
  std::vector<Artifact> verify();

 private:
  /// What was tried in vain for one artifact, a line each.
  using Tried = std::vector<std::string>;

  const CatalogEntry& entry(const std::string& name) const;
  std::optional<Artifact> cached(const CatalogEntry& entry, const ArtifactKey& key) const;
  bool bring(const CatalogEntry& entry, const ArtifactKey& key, const Note& note, Tried& tried);
  bool download(const CatalogEntry& entry, const ArtifactKey& key, const Note& note, Tried& tried);
  bool pull(const CatalogEntry& entry, const ArtifactKey& key, const Note& note, Tried& tried);
  bool build(const CatalogEntry& entry, const ArtifactKey& key, const Note& note, Tried& tried);
  std::string expected_sha256(const CatalogEntry& entry, const ArtifactKey& key,
                              const std::string& url, Tried& tried);

  std::filesystem::path root_;
  Catalog catalog_;
  FileCache cache_;
  Downloader downloader_;
  Builder builder_;
};

}  // namespace muster
