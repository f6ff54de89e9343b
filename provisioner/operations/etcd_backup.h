#pragma once

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "inventory/cluster.h"
#include "provisioner/operations/etcd_snapshot.h"
#include "provisioner/run/world.h"

namespace muster {

/// Takes apart what the function "save" of etcd.sh prints: lines, and then a snapshot, which goes
/// to `on_bytes`. Throws Error when it is something else.
class SnapshotStream {
 public:
  explicit SnapshotStream(std::function<void(std::string_view)> on_bytes)
      : on_bytes_(std::move(on_bytes)) {}

  void feed(std::string_view bytes);

  /// All has come that was announced.
  bool whole() const { return in_bytes_ && taken_ == size_; }
  bool begun() const { return in_bytes_; }
  std::uint64_t taken() const { return taken_; }
  std::uint64_t size() const { return size_; }
  const std::string& sha256() const { return sha256_; }
  const std::string& etcd() const { return etcd_; }
  const SnapshotStatus& status() const { return status_; }

 private:
  void take_line(const std::string& line);

  std::function<void(std::string_view)> on_bytes_;
  std::string line_;
  bool in_bytes_ = false;
  std::uint64_t taken_ = 0;
  std::uint64_t size_ = 0;
  std::string sha256_;
  std::string etcd_;
  SnapshotStatus status_;
};

struct BackupOptions {
  std::filesystem::path file;  ///< replaced when it is there
  std::stop_token stop;
  std::function<void(const std::string&)> on_note;
};

/// Saves what a healthy member has into options.file (mode 0600), which appears whole and checked
/// or not at all, and notes beside it. Nothing is changed in the cluster, and no lock is taken.
/// Throws Error.
SnapshotNotes back_up(const World& world, const Cluster& cluster, const DeploymentRecord& record,
                      const BackupOptions& options);

}  // namespace muster
