#pragma once

#include <filesystem>
#include <string>

namespace muster {

/// Whether nodes may download a file themselves.
enum class NodeDownloads {
  when_slow,  ///< when sending it would take long
  first,      ///< before it is sent
  never
};

/// A file that roles install, found, and with the hash that it came in with.
struct Artifact {
  std::string name;     ///< "kube-apiserver"
  std::string version;  ///< "v1.20.2"
  std::string arch;     ///< "amd64"
  std::string sha256;
  std::filesystem::path file;  ///< <cache>/store/<sha256>
  std::string origin;          ///< the URL, or "built here from ...", for status
  std::string url = "";        ///< where a node can have the same file; empty: nowhere
  NodeDownloads node_downloads = NodeDownloads::when_slow;
  /// The path of the bundle that it came out of, on whose word alone `origin` is then; empty: it
  /// was downloaded and checked, or built, on this machine.
  std::string bundle = "";
};

}  // namespace muster
