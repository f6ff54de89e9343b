#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace muster {

/// A file that roles install, found and verified.
struct Artifact {
  std::string name;     ///< "kube-apiserver"
  std::string version;  ///< "v1.20.2"
  std::string arch;     ///< "amd64"
  std::string sha256;
  std::filesystem::path file;  ///< <cache>/store/<sha256>
  std::string origin;          ///< the URL, or "built from Debian source", for status
};

/// The versioned files that roles install. Lookup: cache, mirrors, upstream, a build script of
/// ours. Every file is in the store under its sha256, which was checked when it came in.
class Artifacts {
 public:
  using Note = std::function<void(const std::string&)>;

  /// `cache` is the cache directory; `catalog` the YAML text.
  Artifacts(std::filesystem::path cache, const std::string& catalog);

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
  std::filesystem::path cache_;
  std::string catalog_;
};

}  // namespace muster
