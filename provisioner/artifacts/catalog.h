#pragma once

#include <map>
#include <string>
#include <vector>

#include "provisioner/artifacts/artifact.h"

namespace muster {

/// Which file exactly: the name of its place in the cache's index.
struct ArtifactKey {
  std::string name;
  std::string version;
  std::string arch;

  /// "kubelet@v1.37.2-amd64"
  std::string text() const { return name + "@" + version + "-" + arch; }
};

/// How to make artifacts on this machine when no source on the network answers.
struct BuildRule {
  std::string name;  ///< "kubernetes"; its outputs are in <cache>/built/<name>-<version>
  /// The only one that it makes; empty: each that has a folder artifacts/go/<name>/<version>.
  std::string version;
  /// A script of artifacts/ and its arguments: {out} is its directory, {version} what to make.
  std::vector<std::string> run;
  std::string origin;  ///< template with {version}: what `artifacts list` says of the outputs
};

/// What the catalog knows of one artifact. Templates hold {name}, {version}, {arch}, and {number},
/// the version without its "v".
struct CatalogEntry {
  std::string name;
  std::string version;  ///< "kubernetes": the cluster's; "etcd": that of its release's part
  std::vector<std::string> arches;
  std::vector<std::string> urls;  ///< templates: upstream, then the mirrors
  std::string member;             ///< template: the file in the archive that `urls` lead to
  std::string sha256_url;         ///< template that may hold {url}; must be https
  std::map<std::string, std::string> sha256;  ///< pinned: "v1.37.2/amd64" -> hex; wins
  std::string manifest_url;                   ///< template: an image's manifest in a registry
  std::string ref;                            ///< template: an image's name inside its archive
  std::string build;                          ///< a BuildRule's name, or empty
  std::string output;                         ///< template: the file in the build's directory
  std::string optional;  ///< not empty: clusters work without it; this says what is lost

  NodeDownloads node_downloads = NodeDownloads::when_slow;

  ArtifactKey key(const std::string& kubernetes_version, const std::string& arch) const;
};

struct Catalog {
  std::vector<CatalogEntry> entries;
  std::vector<BuildRule> builds;

  /// nullptr when there is none of that name.
  const CatalogEntry* find(const std::string& name) const;
  const BuildRule* build(const std::string& name) const;
};

/// Throws Error with the line of the first mistake.
Catalog parse_catalog(const std::string& yaml);

/// Puts `key` (and `url`, for checksums) into a template.
std::string expand(std::string text, const ArtifactKey& key, const std::string& url = "");

}  // namespace muster
