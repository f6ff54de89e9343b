#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "provisioner/artifacts/catalog.h"

namespace muster {

/// The build scripts of artifacts/ and what is below artifacts/go: path there -> text.
using Scripts = std::map<std::string, std::string>;
Scripts embedded_scripts();

/// Runs build scripts. What they made stays in <cache>/built/<name>-<version> until the file
/// cache takes it; scripts put their outputs there whole, by rename.
class Builder {
 public:
  using Note = std::function<void(const std::string&)>;

  Builder(std::filesystem::path cache, Scripts scripts);

  /// What the rule can make.
  std::vector<std::string> versions(const BuildRule& rule) const;

  std::filesystem::path directory(const std::string& rule, const std::string& version) const;

  /// Makes `output` (and what else the script makes) unless it is there. Returns its path. Throws
  /// Error. The caller holds the cache's lock.
  std::filesystem::path make(const BuildRule& rule, const std::string& version,
                             const std::string& output, const Note& note);

 private:
  void run(const BuildRule& rule, const std::string& version, const Note& note);

  std::filesystem::path cache_;
  Scripts scripts_;
};

/// "amd64", "arm64", ... as Go and Kubernetes name this machine's architecture.
std::string machine_arch();

}  // namespace muster
