// Packages of hosts in bundles. The script that brings them runs in integration/offline_hosts.sh;
// here another one stands for it.
#include <doctest/doctest.h>

#include "provisioner/artifacts/artifacts.h"
#include "provisioner/base/files.h"
#include "provisioner/base/sha256.h"
#include "tests/support/folder.h"
#include "tests/support/said.h"

using namespace muster;
namespace fs = std::filesystem;

namespace {

void silent(const std::string&) {}

/// Takes its arguments for the content of the tar.
const Scripts kScripts{{"bundle-packages.sh",
                        "out=$1\nshift\n"
                        "case $* in *unknown*) echo 'E: Unable to locate package unknown' >&2; "
                        "exit 100 ;; esac\n"
                        "printf 'a 1.0-1\\nb 2:3~4\\n' >\"$out/packages.list\"\n"
                        "printf '%s|' \"$@\" >\"$out/packages.tar\"\n"}};

struct PackagesSite {
  BundleManifest pack(const std::set<std::string>& tasks) {
    return from.pack(bundle, {}, {}, {"0.1", {"trial"}, {}}, silent, {}, {"debian-12", tasks});
  }
  /// What a machine that has nothing yet takes out of the bundle.
  std::string taken() {
    Artifacts fresh(folder / "fresh", "artifacts: []\n", kScripts);
    fresh.unpack(bundle, silent);
    auto found = fresh.packages_for("debian", "12", machine_arch());
    return found ? read_file(found->file) : "none";
  }
  TestFolder folder;
  Artifacts from{folder / "from", "artifacts: []\n", kScripts};
  Artifacts to{folder / "to", "artifacts: []\n", kScripts};
  fs::path bundle = folder.path() / "b.tar.zst";
  std::string path = "packages/debian-12-" + machine_arch() + ".tar";
};

}  // namespace

TEST_CASE("packages: the script is told the release and what each task installs together") {
  PackagesSite site;
  site.pack({"containerd runc", "curl"});
  CHECK(site.taken() == "debian-12|" + machine_arch() + "|containerd runc|curl|");
  // Never what was there before.
  site.pack({"other"});
  CHECK(site.taken() == "debian-12|" + machine_arch() + "|other|");
  for (const auto& entry : fs::recursive_directory_iterator(site.folder / "from")) {
    CHECK(entry.path().filename() != "packages.tar");
  }
  CHECK(site.pack({}).files.empty());
  CHECK(site.taken() == "none");
}

TEST_CASE("packages: one that cannot be had is an error with its name, and no bundle is made") {
  PackagesSite site;
  auto said = error_of([&] { site.pack({"curl", "unknown"}); });
  CHECK(has(said, "Unable to locate package unknown"));
  CHECK_FALSE(fs::exists(site.bundle));
}

TEST_CASE("packages: they come through a bundle into the cache, once, with their list") {
  PackagesSite site;
  CHECK_FALSE(site.to.has_packages());
  site.pack({"curl"});
  auto manifest = verify_bundle(site.bundle);
  REQUIRE(manifest.files.size() == 1);
  CHECK(manifest.files[0].path() == site.path);
  CHECK(manifest.files[0].contents == std::vector<std::string>{"a 1.0-1", "b 2:3~4"});
  site.to.unpack(site.bundle, silent);
  CHECK(site.to.has_packages());
  CHECK(site.to.packaged_releases() == "debian-12 (" + machine_arch() + ")");
  auto found = site.to.packages_for("debian", "12", machine_arch());
  REQUIRE(found);
  CHECK(found->sha256 == manifest.files[0].sha256);
  CHECK(sha256_of_file(found->file) == found->sha256);
  CHECK((found->url.empty() && found->node_downloads == NodeDownloads::never));
  CHECK_FALSE(site.to.packages_for("debian", "13", machine_arch()));
  CHECK_FALSE(site.to.packages_for("debian", "12", "m68k"));
  CHECK(site.to.verify().empty());

  std::string notes;
  Artifacts again(site.folder / "to", "artifacts: []\n", kScripts);
  again.unpack(site.bundle, [&](const std::string& line) { notes += line; });
  CHECK(notes == "");
  CHECK(again.packages_for("debian", "12", machine_arch()));
}

TEST_CASE("packages: others of the same release do not take the place of those of before") {
  PackagesSite site;
  site.pack({"curl"});
  site.to.unpack(site.bundle, silent);
  auto first = site.to.packages_for("debian", "12", machine_arch());
  site.pack({"curl", "runc"});
  Artifacts again(site.folder / "to", "artifacts: []\n", kScripts);
  again.unpack(site.bundle, silent);
  auto second = again.packages_for("debian", "12", machine_arch());
  REQUIRE((first && second));
  CHECK(first->sha256 != second->sha256);
  CHECK(fs::exists(first->file));
}

TEST_CASE("packages: no manifest puts them anywhere else") {
  auto said = [](const std::string& path, const std::string& name, const std::string& arch) {
    return error_of([&] {
      parse_bundle_manifest(
          R"({"format": 1, "muster": "9", "definitions": [], "files": [{"path": ")" + path +
          R"(", "kind": "packages", "name": ")" + name + R"(", "arch": ")" + arch +
          R"(", "bytes": 1, "origin": "", "sha256": ")" + std::string(64, 'a') +
          R"(", "contents": []}]})");
    });
  };
  CHECK(said("packages/debian-12-amd64.tar", "debian-12", "amd64") == "none");
  CHECK(has(said("packages/other.tar", "debian-12", "amd64"), "is no path"));
  CHECK(has(said("packages/../x-amd64.tar", "../x", "amd64"), "is no path"));
  CHECK(has(said("packages/x-../a.tar", "x", "../a"), "is no path"));
}
