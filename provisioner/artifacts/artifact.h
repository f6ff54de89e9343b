#pragma once

#include <filesystem>
#include <string>

namespace muster {

/// A file that roles install, found and verified.
struct Artifact {
  std::string name;     ///< "kube-apiserver"
  std::string version;  ///< "v1.20.2"
  std::string arch;     ///< "amd64"
  std::string sha256;
  std::filesystem::path file;  ///< <cache>/store/<sha256>
  std::string origin;          ///< the URL, or "built from Debian's source ...", for status
};

}  // namespace muster
