#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "provisioner/artifacts/artifact.h"
#include "provisioner/tasks/store_script.h"

namespace muster {

/// Compressed copies of artifacts, made once and used for all nodes and later runs: beside the
/// cache's store, as packed/<sha256>.<form>. Safe from several threads: one makes a copy, the
/// others wait for it. Nothing is done before it is asked for.
class PackedCopies {
 public:
  struct Estimate {
    std::uint64_t bytes = 0;  ///< of the copy
    double seconds = 0;       ///< to make it; 0 when it is there
  };

  /// The form that this machine makes and a node with these programs opens, or nothing.
  static std::optional<WireForm> common(const std::set<std::string>& node_tools);

  /// By compressing a sample, once. Nothing when this machine cannot.
  std::optional<Estimate> estimate(const Artifact& artifact, WireForm form);

  /// Makes it when it is not there. Throws Error, for instance when the disk is full.
  std::filesystem::path copy(const Artifact& artifact, WireForm form);

  /// A node has found it wrong: it is removed, and this run makes none any more.
  void drop(const Artifact& artifact, WireForm form);

 private:
  struct Entry {
    std::mutex mutex;  ///< guards all below, and the making
    std::optional<Estimate> sampled;
    bool bad = false;
  };
  Entry& entry(const Artifact& artifact, WireForm form);

  std::mutex mutex_;  ///< guards entries_
  std::map<std::string, std::unique_ptr<Entry>> entries_;
};

}  // namespace muster
