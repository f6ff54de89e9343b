#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

namespace muster {

/// What local nodes need of the host's kernel. The values before are kept on record, so that the
/// last node's end puts them back. There is one writer at a time: callers hold the lock of the
/// networks.
class HostSettings {
 public:
  /// Loads (or unloads) a module of the kernel; false when that cannot be.
  using LoadModule = std::function<bool(const std::string& name, bool load)>;

  /// The record is in /run, since a reboot resets both the settings and the record.
  explicit HostSettings(std::filesystem::path record = "/run/muster-local.settings",
                        std::filesystem::path kernel = "/proc/sys", LoadModule load = modprobe);

  /// Makes room for more inotify instances (each node's systemd takes some, and the default is
  /// 128 for all of root), and, when asked, forwards packets. A value that is enough stays. Loads
  /// br_netfilter, which nodes cannot: without it a pod does not reach Services on its own node.
  /// The machine's own bridges stay as they are without it.
  void raise(bool forwarding) const;
  /// Puts the old values back. Fine when nothing was changed.
  void restore() const;

 private:
  /// Path below /proc/sys to the value before we changed it.
  using Settings = std::map<std::string, std::string>;

  Settings recorded() const;
  /// The first value of a name stays.
  void remember(const std::string& name, const std::string& value) const;
  void set(const std::string& name, const std::string& value) const;
  void raise(const std::string& name, long wanted) const;
  void filter_bridges() const;
  void unload() const;
  static bool modprobe(const std::string& name, bool load);

  std::filesystem::path record_;
  /// A name of its own that is always the same: what a killed writer left is overwritten by the
  /// next one, or removed with the record.
  std::filesystem::path new_record_;
  std::filesystem::path kernel_;
  LoadModule load_;
};

}  // namespace muster
