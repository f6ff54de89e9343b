// What the cache gives to bundles, and takes out of them.
#include <cerrno>
#include <cstring>
#include <fstream>
#include <list>
#include <map>

#include "provisioner/artifacts/artifacts.h"
#include "provisioner/artifacts/bundle_reader.h"
#include "provisioner/artifacts/packages.h"
#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/process.h"
#include "provisioner/base/sha256.h"

namespace muster {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::minutes kTarDeadline{20};
constexpr std::size_t kVersionDigits = 16;

/// Fewer than the file has mean that the disk is full, or the like.
void copy_to(const fs::path& to, BundleReader& reader, const BundleFile& file) {
  std::ofstream out(to, std::ios::binary | std::ios::trunc);
  reader.read(file, [&](std::string_view bytes) {
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  });
  out.close();
  if (!out) throw Error("cannot write '" + to.string() + "': " + std::strerror(errno));
}

void run_tar(std::vector<std::string> argv) {
  ProcessSpec spec;
  spec.argv = std::move(argv);
  spec.deadline = kTarDeadline;
  spec.interruptible = true;
  run_or_throw(spec);
}

/// Removed when it goes, whatever happened.
struct Temporary {
  explicit Temporary(fs::path path) : path(std::move(path)) {}
  ~Temporary() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  fs::path path;
};

/// The same folder gives the same bytes.
void pack_image(const fs::path& image, const fs::path& to) {
  run_tar({"tar", "--create", "--file=" + to.string(), "--directory=" + image.string(),
           "--format=gnu", "--sort=name", "--numeric-owner", "."});
}

}  // namespace

BundleManifest Artifacts::pack(const fs::path& out, const std::vector<Artifact>& artifacts,
                               const std::vector<fs::path>& images, BundleManifest manifest,
                               const Note& note, const std::stop_token& stop,
                               const PackageSet& packages) {
  make_directory(root_ / "partial");
  FileLock lock(root_ / "lock");
  std::map<std::string, BundleSource> sources;  // by path
  for (const auto& artifact : artifacts) {
    BundleFile file{BundleFile::Kind::artifact,
                    artifact.name,
                    artifact.version,
                    artifact.arch,
                    artifact.origin,
                    fs::file_size(artifact.file),
                    artifact.sha256};
    sources.emplace(file.path(), BundleSource{file, artifact.file});
  }
  std::list<Temporary> tars;
  for (const auto& image : images) {
    const auto name = image.filename().string();
    const auto& tar = tars.emplace_back(root_ / "partial" / (name + ".tar")).path;
    note("packing the node image " + name);
    pack_image(image, tar);
    BundleFile file{BundleFile::Kind::node_image,
                    name,
                    "",
                    "",
                    "built here from a Debian mirror",
                    fs::file_size(tar),
                    sha256_of_file(tar)};
    sources.emplace(file.path(), BundleSource{file, tar});
  }
  if (!packages.tasks.empty()) {
    const auto made = make_packages(packages, note);
    tars.emplace_back(made.from);
    sources.emplace(made.file.path(), made);
  }
  std::vector<BundleSource> all;
  for (const auto& [path, source] : sources) all.push_back(source);
  note("writing " + out.string());
  return write_bundle(out, std::move(manifest), all, stop);
}

void Artifacts::unpack(const fs::path& bundle, const Note& note, std::stop_token stop) {
  BundleReader reader(bundle, std::move(stop));
  bundle_ = fs::absolute(bundle).lexically_normal().string();
  make_directory(root_ / "partial");
  make_directory(root_ / "images");
  FileLock lock(root_ / "lock");
  for (const auto& file : reader.manifest().files) {
    if (file.kind == BundleFile::Kind::artifact) {
      unpack_artifact(reader, file, note);
    } else if (file.kind == BundleFile::Kind::packages) {
      unpack_packages(reader, file, note);
    } else {
      unpack_image(reader, file, note);
    }
  }
  reader.read_end();
}

void Artifacts::unpack_artifact(BundleReader& reader, const BundleFile& file, const Note& note) {
  const ArtifactKey key{file.name, file.version, file.arch};
  const auto* known = catalog_.find(file.name);
  if (known == nullptr || cached(*known, key)) return reader.read(file, {});
  auto pin = known->sha256.find(key.version + "/" + key.arch);
  // Of what comes out of an archive, the pin is the archive's.
  bool own = known->member.empty() && pin != known->sha256.end();
  if (own && pin->second != file.sha256) {
    throw Error("the bundle '" + bundle_ + "' has another '" + file.path() +
                "' than the catalog: its sha256 is " + file.sha256 + ", not " + pin->second)
        .hint("make the bundle with this muster: muster bundle create FILE");
  }
  take(reader, file, key, note);
}

Artifact Artifacts::take(BundleReader& reader, const BundleFile& file, const ArtifactKey& key,
                         const Note& note) {
  note("taking " + file.path() + " out of the bundle");
  Temporary part(root_ / "partial" / file.sha256);
  copy_to(part.path, reader, file);
  return cache_.take(key, part.path, {file.origin, bundle_, file.sha256});
}

void Artifacts::unpack_packages(BundleReader& reader, const BundleFile& file, const Note& note) {
  // Their sum is their version: others of the same release have another place.
  const ArtifactKey key{kPackages + file.name, file.sha256.substr(0, kVersionDigits), file.arch};
  auto found = cache_.find(key);
  if (found && found->sha256 == file.sha256) {
    reader.read(file, {});
  } else {
    found = take(reader, file, key, note);
  }
  found->node_downloads = NodeDownloads::never;
  packages_.push_back(std::move(*found));
}

void Artifacts::unpack_image(BundleReader& reader, const BundleFile& file, const Note& note) {
  const auto image = root_ / "images" / file.name;
  // As one who builds it locks it, and makes it appear.
  FileLock lock(image.string() + ".lock");
  if (fs::exists(image)) return reader.read(file, {});
  note("taking " + file.path() + " out of the bundle");
  Temporary tar(root_ / "partial" / (file.name + ".tar"));
  copy_to(tar.path, reader, file);
  Temporary folder(image.string() + ".part");
  fs::remove_all(folder.path);  // of one who was killed
  make_directory(folder.path);
  run_tar({"tar", "--extract", "--file=" + tar.path.string(), "--directory=" + folder.path.string(),
           "--preserve-permissions", "--same-owner", "--numeric-owner"});
  fs::rename(folder.path, image);
}

}  // namespace muster
