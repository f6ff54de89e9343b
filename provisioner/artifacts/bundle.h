#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "provisioner/artifacts/artifact.h"

namespace muster {

/// One file of a bundle.
struct BundleFile {
  enum class Kind {
    artifact,    ///< goes to the cache under its name, version and architecture
    node_image,  ///< a tar of the folder images/<name> of the cache
    packages,    ///< an apt repository as a tar, for nodes of the release `name` ("debian-12")
  };
  Kind kind = Kind::artifact;
  std::string name;
  std::string version;  ///< of an artifact
  std::string arch;     ///< of an artifact, or of packages
  std::string origin;   ///< where the cache had it from
  std::uint64_t bytes = 0;
  std::string sha256;
  std::vector<std::string> contents = {};  ///< of packages: "NAME VERSION", sorted

  /// Its path in the bundle, made of the names above: no bundle says where its files go.
  std::string path() const;
};

/// What a bundle holds: its first file, manifest.json.
struct BundleManifest {
  std::string muster;                    ///< the version that made it
  std::vector<std::string> definitions;  ///< the names of those that it was made for
  std::vector<BundleFile> files;         ///< sorted by path
};

/// Throws Error for another format, and for names that could lead anywhere but into the cache.
BundleManifest parse_bundle_manifest(const std::string& json);
/// JSON text; the same manifest gives the same text.
std::string bundle_manifest_json(const BundleManifest& manifest);

/// The manifest alone; the rest is not read. Throws Error when `bundle` is none or is damaged.
BundleManifest read_bundle_manifest(const std::filesystem::path& bundle);

/// Reads all of it. Throws Error naming the first file that is damaged, missing or extra.
BundleManifest verify_bundle(const std::filesystem::path& bundle);

/// What write_bundle puts into a bundle.
struct BundleSource {
  BundleFile file;             ///< with size and hash
  std::filesystem::path from;  ///< its content
};

/// The same sources give the same bytes. `out` appears whole or not at all (by rename). Returns
/// the manifest with its files. Throws Error, when `stop` is asked for, also when a file is not
/// what its size and hash say.
BundleManifest write_bundle(const std::filesystem::path& out, BundleManifest manifest,
                            std::vector<BundleSource> sources, const std::stop_token& stop = {});

}  // namespace muster
