#include "provisioner/operations/etcd_snapshot.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/hex.h"
#include "provisioner/base/sha256.h"
#include "provisioner/operations/json_value.h"

namespace muster {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// bbolt's first page: a header of 16 bytes, then what describes the database, little-endian.
constexpr std::size_t kMagicAt = 16;
constexpr std::size_t kPageSizeAt = 24;
constexpr std::size_t kPagesAt = 56;
constexpr std::size_t kHead = 64;
constexpr std::uint64_t kMagic = 0xED0CDAED;
constexpr std::uint64_t kMostPageSize = 64 << 10;
/// etcd's hash is behind the pages, which are multiples of this.
constexpr std::uint64_t kBlock = 512;
constexpr std::uint64_t kHashSize = 32;

std::uint64_t number_at(const std::string& bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = size; i > 0; --i) {
    value = value << 8 | static_cast<unsigned char>(bytes[at + i - 1]);
  }
  return value;
}

Error wrong(const fs::path& file, const std::string& what) {
  return Error("'" + file.string() + "' " + what, ExitCode::usage);
}

std::string bytes_of(const fs::path& file, std::uint64_t from, std::size_t count) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    throw Error("cannot read '" + file.string() + "': " + std::strerror(errno), ExitCode::usage);
  }
  std::string bytes(count, '\0');
  stream.seekg(static_cast<std::streamoff>(from));
  stream.read(bytes.data(), static_cast<std::streamsize>(count));
  bytes.resize(static_cast<std::size_t>(stream.gcount()));
  return bytes;
}

/// The bytes that the database has by its own word.
std::uint64_t database_size(const fs::path& file) {
  auto head = bytes_of(file, 0, kHead);
  auto page = head.size() == kHead ? number_at(head, kPageSizeAt, 4) : 0;
  bool known = head.size() == kHead && number_at(head, kMagicAt, 4) == kMagic && page >= kBlock &&
               page <= kMostPageSize && page % kBlock == 0;
  if (!known) {
    throw wrong(file, "is not an etcd snapshot").hint("make one: muster etcd backup NAME");
  }
  return number_at(head, kPagesAt, 8) * page;
}

}  // namespace

SnapshotFile check_snapshot(const fs::path& file, bool unhashed) {
  if (std::error_code ignored; fs::is_directory(file, ignored)) {
    throw wrong(file, "is a directory, not an etcd snapshot");
  }
  const auto wanted = database_size(file);
  SnapshotFile found{file, fs::file_size(file), {}, true};
  found.hashed = found.size % kBlock == kHashSize;
  const auto content = found.size - (found.hashed ? kHashSize : 0);
  if (content < wanted) {
    throw wrong(file, "was cut: it has " + std::to_string(content) + " bytes of a database of " +
                          std::to_string(wanted))
        .hint("take another one: nothing can be restored from this");
  }
  if (!found.hashed && !unhashed) {
    throw wrong(file,
                "has no hash at its end that tells whether it is whole: it is a copy of a member's "
                "database, or was changed")
        .hint("to use it all the same, say --force");
  }
  if (found.hashed && to_hex(bytes_of(file, content, kHashSize)) != sha256_of_file(file, content)) {
    throw wrong(file, "is damaged: the sha256 at its end is not that of its content")
        .hint("take another one: nothing can be restored from this");
  }
  found.sha256 = sha256_of_file(file);
  return found;
}

fs::path notes_file(const fs::path& snapshot) { return snapshot.string() + ".json"; }

std::string notes_json(const SnapshotNotes& notes) {
  Json json{{"deployment", notes.deployment},
            {"member", notes.member},
            {"created", notes.created},
            {"kubernetes", notes.kubernetes},
            {"etcd", notes.etcd},
            {"revision", notes.revision},
            {"keys", notes.keys},
            {"size", notes.size},
            {"sha256", notes.sha256},
            {"encryption_key", notes.encryption_key}};
  return json.dump(2) + "\n";
}

std::optional<SnapshotNotes> read_notes(const SnapshotFile& snapshot) {
  const auto file = notes_file(snapshot.path);
  if (!fs::exists(file)) return std::nullopt;
  try {
    auto json = Json::parse(read_file(file));
    SnapshotNotes notes;
    notes.deployment = value_of<std::string>(json, "deployment");
    notes.member = value_of<std::string>(json, "member");
    notes.created = value_of<std::string>(json, "created");
    notes.kubernetes = value_of<std::string>(json, "kubernetes");
    notes.etcd = value_of<std::string>(json, "etcd");
    notes.revision = value_of<std::int64_t>(json, "revision");
    notes.keys = value_of<std::int64_t>(json, "keys");
    notes.size = value_of<std::uint64_t>(json, "size");
    notes.sha256 = value_of<std::string>(json, "sha256");
    notes.encryption_key = value_of<std::string>(json, "encryption_key");
    if (notes.sha256 != snapshot.sha256) return std::nullopt;
    return notes;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

std::string reason_not_to_restore(const SnapshotNotes& notes, const std::string& deployment,
                                  const std::string& encryption_key) {
  if (notes.deployment != deployment) {
    return "it is a snapshot of '" + notes.deployment + "', not of '" + deployment + "'";
  }
  if (!notes.encryption_key.empty() && notes.encryption_key != encryption_key) {
    return "its Secrets are encrypted with a key that '" + deployment +
           "' does not have: it is of an earlier deployment of that name";
  }
  return "";
}

std::optional<SnapshotStatus> parse_snapshot_status(const std::string& text) {
  try {
    auto json = Json::parse(text);
    return SnapshotStatus{
        json.at("hash").get<std::uint64_t>(), json.at("revision").get<std::int64_t>(),
        json.at("totalKey").get<std::int64_t>(), json.at("totalSize").get<std::uint64_t>()};
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace muster
