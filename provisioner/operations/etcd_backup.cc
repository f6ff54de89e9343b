#include "provisioner/operations/etcd_backup.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <utility>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/text.h"
#include "provisioner/operations/etcd_nodes.h"
#include "provisioner/run/access.h"
#include "provisioner/run/transfer.h"

namespace muster {

namespace {

namespace fs = std::filesystem;

/// For gigabytes over a slow line; a line that is dead is noticed long before.
constexpr std::chrono::hours kBackupDeadline{24};
constexpr std::size_t kLongestLine = 4096;

/// A file that is written beside its place, and takes it when it is whole. One that is left is the
/// next writer's.
class AsideFile {
 public:
  explicit AsideFile(const fs::path& target) : target_(target), path_(target.string() + ".part") {
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd_ < 0) throw failed("write");
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
      ::close(fd_);
      throw Error("another muster writes '" + path_.string() + "' just now").hint("wait for it");
    }
    if (::fchmod(fd_, 0600) != 0 || ::ftruncate(fd_, 0) != 0) throw failed("write");
  }
  ~AsideFile() {
    if (!kept_) ::unlink(path_.c_str());
    ::close(fd_);
  }
  AsideFile(const AsideFile&) = delete;
  AsideFile& operator=(const AsideFile&) = delete;

  const fs::path& path() const { return path_; }

  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      auto count = ::write(fd_, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw failed("write");
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  void sync() {
    if (::fsync(fd_) != 0) throw failed("write");
  }

  void keep() {
    if (::rename(path_.c_str(), target_.c_str()) != 0) throw failed("rename");
    kept_ = true;
    auto folder = target_.has_parent_path() ? target_.parent_path() : fs::path(".");
    int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return;
    ::fsync(directory);
    ::close(directory);
  }

 private:
  Error failed(const std::string& verb) const {
    return Error("cannot " + verb + " '" + path_.string() + "': " + std::strerror(errno));
  }

  fs::path target_;
  fs::path path_;
  int fd_ = -1;
  bool kept_ = false;
};

const MemberState& choose(const std::vector<MemberState>& states, const std::string& deployment) {
  if (const auto* found = member_to_save(states)) return *found;
  std::string all;
  for (const auto& state : states) all += "\n  " + state.node + ": " + words(state);
  throw Error("no etcd member of '" + deployment + "' is healthy:" + all)
      .hint("if their machines are gone for good: muster recover " + deployment);
}

/// Streams the member's snapshot to `file`.
SnapshotStream receive(NodeLink& link, const std::string& script, AsideFile& file,
                       const BackupOptions& options, const std::string& member) {
  auto noted = std::chrono::steady_clock::now();
  SnapshotStream stream([&](std::string_view bytes) { file.write(bytes); });
  auto result = link.run_plain(script, kBackupDeadline, [&](std::string_view bytes) {
    if (options.stop.stop_requested()) {
      throw Error("stopped; nothing was saved", ExitCode::interrupted);
    }
    stream.feed(bytes);
    auto now = std::chrono::steady_clock::now();
    if (!stream.begun() || now - noted < kNoteEvery || !options.on_note) return;
    noted = now;
    options.on_note(megabytes(stream.taken()) + " of " + megabytes(stream.size()) + " MB");
  });
  if (result.timed_out || result.exit_code != 0) {
    throw Error("'" + member + "' cannot save a snapshot: " + words_of(result));
  }
  if (!stream.whole()) throw Error("'" + member + "' did not send all of its snapshot");
  return stream;
}

}  // namespace

void SnapshotStream::feed(std::string_view bytes) {
  while (!in_bytes_ && !bytes.empty()) {
    auto end = bytes.find('\n');
    line_ += bytes.substr(0, end);
    if (line_.size() > kLongestLine) throw Error("the node sends something that is no snapshot");
    if (end == std::string_view::npos) return;
    bytes.remove_prefix(end + 1);
    take_line(std::exchange(line_, ""));
  }
  if (bytes.empty()) return;
  taken_ += bytes.size();
  if (taken_ > size_) throw Error("the node sends more than the snapshot that it announced");
  on_bytes_(bytes);
}

void SnapshotStream::take_line(const std::string& line) {
  auto space = line.find(' ');
  auto key = line.substr(0, space);
  auto value = space == std::string::npos ? "" : line.substr(space + 1);
  if (key == "sha256") sha256_ = value;
  if (key == "etcd") etcd_ = value;
  if (key == "size") std::from_chars(value.data(), value.data() + value.size(), size_);
  if (key == "bytes") in_bytes_ = true;
  if (key != "snapshot") return;
  auto status = parse_snapshot_status(value);
  if (!status) throw Error("the node's etcdctl says nothing of its snapshot that is known here");
  status_ = *status;
}

SnapshotNotes back_up(const World& world, const Cluster& cluster, const DeploymentRecord& record,
                      const BackupOptions& options) {
  auto states = ask_members(world, cluster, record, options.stop);
  const auto& member = choose(states, record.name);
  AsideFile aside(options.file);
  if (options.on_note) options.on_note("saving a snapshot of " + member.node);
  NodeLinks links(login_options(world, record, options.stop));
  auto& link = links.to(member.node, record.find(member.node)->endpoint);
  auto stream =
      receive(link, etcd_script(cluster, member.node, {"save"}), aside, options, member.node);
  aside.sync();
  auto found = check_snapshot(aside.path());
  if (found.sha256 != stream.sha256()) {
    throw Error("what has arrived from '" + member.node + "' is not what it sent")
        .hint("run it again");
  }
  SnapshotNotes notes;
  notes.deployment = record.name;
  notes.member = member.node;
  notes.created = format_time(world.clock->wall_ms());
  notes.kubernetes = cluster.kubernetes ? cluster.settings.version : "";
  notes.etcd = stream.etcd();
  notes.revision = stream.status().revision;
  notes.keys = stream.status().keys;
  notes.size = found.size;
  notes.sha256 = found.sha256;
  notes.encryption_key = encryption_key_id(*world.store, record.name);
  // Notes first: those of another file are known for that by their sha256.
  write_file(notes_file(options.file), notes_json(notes), 0600);
  aside.keep();
  return notes;
}

}  // namespace muster
