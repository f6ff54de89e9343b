#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace muster {

/// A file that is a whole etcd snapshot.
struct SnapshotFile {
  std::filesystem::path path;
  std::uint64_t size = 0;
  std::string sha256;  ///< of the whole file
  bool hashed = true;  ///< ends with etcd's own hash; a copy of a member's database does not
};

/// Looks at the file as etcdctl would: that it is a database, that nothing of it is missing, and
/// that the sha256 that etcd puts at its end is that of its content. Reads it in pieces. Throws
/// Error (exit code 2) saying what is wrong; one without a hash is wrong unless `unhashed` are
/// welcome.
SnapshotFile check_snapshot(const std::filesystem::path& file, bool unhashed = false);

/// What `muster etcd backup` knows of a snapshot and the snapshot does not say: FILE.json beside
/// it.
struct SnapshotNotes {
  std::string deployment;
  std::string member;      ///< that it was taken from
  std::string created;     ///< format_time
  std::string kubernetes;  ///< "v1.20.2"
  std::string etcd;        ///< "3.4.23"
  std::int64_t revision = 0;
  std::int64_t keys = 0;
  std::uint64_t size = 0;
  std::string sha256;  ///< of the file
  /// Tells the key apart that the Secrets in it are encrypted with; empty: there was none.
  std::string encryption_key;
};

std::filesystem::path notes_file(const std::filesystem::path& snapshot);
std::string notes_json(const SnapshotNotes& notes);
/// Those of the snapshot; nothing when there are none that can be read and are of this very file.
std::optional<SnapshotNotes> read_notes(const SnapshotFile& snapshot);

/// Why the snapshot must not be put into this deployment; empty when nothing speaks against it.
/// `encryption_key` is the deployment's own.
std::string reason_not_to_restore(const SnapshotNotes& notes, const std::string& deployment,
                                  const std::string& encryption_key);

/// What `etcdctl snapshot status -w json` says.
struct SnapshotStatus {
  std::uint64_t hash = 0;
  std::int64_t revision = 0;
  std::int64_t keys = 0;
  std::uint64_t size = 0;  ///< of the database
};
std::optional<SnapshotStatus> parse_snapshot_status(const std::string& json);

}  // namespace muster
