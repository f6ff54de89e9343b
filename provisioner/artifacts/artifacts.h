#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "provisioner/artifacts/artifact.h"
#include "provisioner/artifacts/build.h"
#include "provisioner/artifacts/bundle.h"
#include "provisioner/artifacts/catalog.h"
#include "provisioner/artifacts/file_cache.h"
#include "provisioner/artifacts/mirrors.h"
#include "provisioner/http/client.h"

namespace muster {

class BundleReader;

/// Packages for nodes of a release, e.g. "debian-12". Each of `tasks` is what is installed
/// together, with spaces between; none: no packages.
struct PackageSet {
  std::string release;
  std::set<std::string> tasks;
};

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
    std::string name, version, arch, sha256, origin, bundle;
    bool cached = false;
    std::uintmax_t bytes = 0;
  };
  std::vector<Listed> list(const std::string& kubernetes_version, const std::string& arch) const;

  /// From the cache, or nothing. Cheap.
  std::optional<Artifact> find(const std::string& name, const std::string& kubernetes_version,
                               const std::string& arch) const;

  /// Whether `fetch` has a way to get it for that architecture. What has no source upstream is
  /// built, which is possible for this machine's own alone.
  bool can_fetch(const std::string& name, const std::string& arch) const;

  /// Brings the named ones into the cache; progress to `note`. Throws Error naming everything
  /// that was tried. Artifacts marked optional in the catalog are left out instead: their names
  /// and the reasons are returned.
  std::vector<std::pair<std::string, std::string>> fetch(const std::vector<std::string>& names,
                                                         const std::string& kubernetes_version,
                                                         const std::string& arch, const Note& note);

  /// From now on these addresses are asked instead of the catalog's.
  void use_mirrors(Mirrors mirrors) { mirrors_ = std::move(mirrors); }

  /// From now on nothing is fetched or built, and nodes get no address to download from: what is
  /// not in the cache cannot be had.
  void stay_offline() { offline_ = true; }

  /// Takes what the cache has not got out of a bundle, and reads the rest of it too. Throws Error
  /// when the bundle is damaged, has another file than the catalog pins, cannot be unpacked, or
  /// `stop` was asked for; no such file is taken.
  void unpack(const std::filesystem::path& bundle, const Note& note, std::stop_token stop = {});

  /// Makes a bundle at `out` of these artifacts of the cache, each once, of `images`, folders of
  /// <cache>/images, and of packages for this machine's architecture, which it downloads with all
  /// that they depend on. Returns `manifest`, of which `muster` and `definitions` are set, with the
  /// files. Throws Error, with what apt said, when a package cannot be had.
  BundleManifest pack(const std::filesystem::path& out, const std::vector<Artifact>& artifacts,
                      const std::vector<std::filesystem::path>& images, BundleManifest manifest,
                      const Note& note, const std::stop_token& stop = {},
                      const PackageSet& packages = {});

  /// Whether a bundle that was unpacked had packages; then nodes are to install no others.
  bool has_packages() const { return !packages_.empty(); }

  /// Those for nodes of that system ("debian", "12"), in the cache; nothing when the bundle had
  /// none for it.
  std::optional<Artifact> packages_for(const std::string& os, const std::string& os_version,
                                       const std::string& arch) const;
  /// What there are packages for: "debian-12 (amd64)", ...
  std::string packaged_releases() const;

  /// Reads every cached file again; returns those whose sha256 is wrong (they are moved aside).
  std::vector<Artifact> verify();

  /// What is in the cache on the word of a bundle.
  std::vector<Artifact> out_of_bundles() const;

 private:
  /// What was tried in vain for one artifact, a line each.
  using Tried = std::vector<std::string>;

  const CatalogEntry& entry(const std::string& name) const;
  std::string source(const std::string& pattern, const ArtifactKey& key) const;
  std::optional<Artifact> cached(const CatalogEntry& entry, const ArtifactKey& key) const;
  bool bring(const CatalogEntry& entry, const ArtifactKey& key, const Note& note, Tried& tried);
  bool download(const CatalogEntry& entry, const ArtifactKey& key, const Note& note, Tried& tried);
  bool pull(const CatalogEntry& entry, const ArtifactKey& key, const Note& note, Tried& tried);
  bool build(const CatalogEntry& entry, const ArtifactKey& key, const Note& note, Tried& tried);
  void unpack_artifact(BundleReader& reader, const BundleFile& file, const Note& note);
  Artifact take(BundleReader& reader, const BundleFile& file, const ArtifactKey& key,
                const Note& note);
  void unpack_image(BundleReader& reader, const BundleFile& file, const Note& note);
  BundleSource make_packages(const PackageSet& packages, const Note& note);
  void unpack_packages(BundleReader& reader, const BundleFile& file, const Note& note);
  std::string take_member(const CatalogEntry& entry, const ArtifactKey& key, const std::string& url,
                          const std::filesystem::path& archive);
  std::string take_members(const CatalogEntry& entry, const ArtifactKey& key,
                           const std::string& url, const std::filesystem::path& archive);
  std::string expected_sha256(const CatalogEntry& entry, const ArtifactKey& key,
                              const std::string& url, Tried& tried);

  std::filesystem::path root_;
  Catalog catalog_;
  FileCache cache_;
  HttpClient http_;
  Builder builder_;
  Mirrors mirrors_;
  bool offline_ = false;
  std::string bundle_;              ///< that is being, or was, unpacked
  std::vector<Artifact> packages_;  ///< of that
};

/// What to type for artifacts that are missing: "muster artifacts fetch --arch arm64".
std::string fetch_command(const std::string& kubernetes_version, const std::string& arch);

}  // namespace muster
