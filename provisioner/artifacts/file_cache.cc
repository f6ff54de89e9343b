#include "provisioner/artifacts/file_cache.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "provisioner/base/clock.h"
#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/sha256.h"

namespace muster {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

struct IndexRecord {
  Artifact artifact;
  std::uintmax_t bytes = 0;
};

std::optional<IndexRecord> read_index(const fs::path& file, const fs::path& store) {
  std::error_code missing;
  if (!fs::is_regular_file(file, missing)) return std::nullopt;
  auto value = json::parse(read_file(file), nullptr, false);
  if (!value.is_object()) return std::nullopt;
  try {
    IndexRecord record;
    auto& artifact = record.artifact;
    value.at("name").get_to(artifact.name);
    value.at("version").get_to(artifact.version);
    value.at("arch").get_to(artifact.arch);
    value.at("sha256").get_to(artifact.sha256);
    value.at("origin").get_to(artifact.origin);
    artifact.bundle = value.value("bundle", "");
    value.at("bytes").get_to(record.bytes);
    artifact.file = store / artifact.sha256;
    return record;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

}  // namespace

FileCache::FileCache(fs::path root) : root_(std::move(root)) {}

std::optional<Artifact> FileCache::find(const ArtifactKey& key) const {
  auto record = read_index(root_ / "index" / (key.text() + ".json"), root_ / "store");
  if (!record) return std::nullopt;
  std::error_code missing;
  auto bytes = fs::file_size(record->artifact.file, missing);
  if (missing) return std::nullopt;
  if (bytes != record->bytes) {
    move_aside(record->artifact.file);
    return std::nullopt;
  }
  return record->artifact;
}

Artifact FileCache::take(const ArtifactKey& key, const fs::path& file,
                         const ArtifactOrigin& source) {
  for (const char* folder : {"store", "index"}) make_directory(root_ / folder);
  auto hex = source.sha256.empty() ? sha256_of_file(file) : source.sha256;
  auto bytes = fs::file_size(file);
  Artifact artifact{key.name, key.version, key.arch, hex, root_ / "store" / hex, source.origin};
  artifact.bundle = source.bundle;
  std::error_code failure;
  fs::permissions(file, fs::perms{0755}, failure);
  if (!failure) fs::rename(file, artifact.file, failure);
  if (failure) {
    throw Error("cannot move '" + file.string() + "' to '" + artifact.file.string() +
                "': " + failure.message());
  }
  json record{{"name", key.name},
              {"version", key.version},
              {"arch", key.arch},
              {"sha256", hex},
              {"bytes", bytes},
              {"origin", source.origin},
              {"time", format_time(RealClock().wall_ms())}};
  if (!source.bundle.empty()) record["bundle"] = source.bundle;
  write_file(root_ / "index" / (key.text() + ".json"), record.dump(2) + "\n");
  return artifact;
}

std::vector<Artifact> FileCache::all() const {
  std::vector<Artifact> found;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(root_ / "index", none)) {
    auto record = read_index(entry.path(), root_ / "store");
    if (record && fs::exists(record->artifact.file)) found.push_back(record->artifact);
  }
  std::ranges::sort(found, {}, [](const Artifact& artifact) {
    return std::tie(artifact.name, artifact.version, artifact.arch);
  });
  return found;
}

std::vector<Artifact> FileCache::verify() {
  auto wrong = all();
  std::erase_if(wrong, [](const Artifact& artifact) {
    return sha256_of_file(artifact.file) == artifact.sha256;
  });
  for (const auto& artifact : wrong) {
    if (fs::exists(artifact.file)) move_aside(artifact.file);  // two may have one file
  }
  return wrong;
}

void FileCache::move_aside(const fs::path& file) const {
  make_directory(root_ / "damaged");
  std::error_code failure;
  fs::rename(file, root_ / "damaged" / file.filename(), failure);
  if (failure) {
    throw Error("cannot move the damaged file '" + file.string() + "' aside: " + failure.message());
  }
}

}  // namespace muster
