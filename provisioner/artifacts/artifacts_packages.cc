// The packages that roles install on nodes that exist already: made for a bundle, found after it.
#include <filesystem>

#include "provisioner/artifacts/artifacts.h"
#include "provisioner/artifacts/packages.h"
#include "provisioner/base/files.h"
#include "provisioner/base/sha256.h"
#include "provisioner/base/text.h"

namespace muster {

namespace fs = std::filesystem;

namespace {

constexpr const char* kScript = "bundle-packages.sh";
constexpr const char* kTar = "packages.tar";
constexpr const char* kList = "packages.list";

}  // namespace

/// The caller holds the cache's lock.
BundleSource Artifacts::make_packages(const PackageSet& packages, const Note& note) {
  BuildRule rule;
  rule.name = kPackages + packages.release;
  rule.run = {kScript, "{out}", packages.release, machine_arch()};
  rule.run.insert(rule.run.end(), packages.tasks.begin(), packages.tasks.end());
  // The archive may have newer ones by now, and roles may install others.
  const auto folder = builder_.directory(rule.name, machine_arch());
  fs::remove(folder / kTar);
  BundleSource made;
  made.from = builder_.make(rule, machine_arch(), kTar, note);
  made.file.kind = BundleFile::Kind::packages;
  made.file.name = packages.release;
  made.file.arch = machine_arch();
  made.file.origin = "a Debian mirror, signatures checked";
  made.file.bytes = fs::file_size(made.from);
  made.file.sha256 = sha256_of_file(made.from);
  made.file.contents = split(trim(read_file(folder / kList)), '\n');
  return made;
}

std::optional<Artifact> Artifacts::packages_for(const std::string& os,
                                                const std::string& os_version,
                                                const std::string& arch) const {
  for (const auto& packages : packages_) {
    if (packages.name == kPackages + os + "-" + os_version && packages.arch == arch) {
      return packages;
    }
  }
  return std::nullopt;
}

std::string Artifacts::packaged_releases() const {
  std::vector<std::string> releases;
  for (const auto& packages : packages_) {
    releases.push_back(packages.name.substr(std::string_view(kPackages).size()) + " (" +
                       packages.arch + ")");
  }
  return join(releases, ", ");
}

}  // namespace muster
