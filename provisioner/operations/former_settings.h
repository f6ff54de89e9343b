#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "inventory/cluster.h"
#include "inventory/record.h"

namespace muster {

struct World;

/// The settings that roles came with to nodes that leave: the definition may have changed since, or
/// change in the very run that takes them away.
class FormerSettings {
 public:
  /// `record`: before the run. Both are kept by reference.
  FormerSettings(const World& world, const DeploymentRecord& record)
      : world_(world), record_(record) {}

  /// By what is on record of the role; null when no revision that is kept tells. Any thread may
  /// ask.
  const ClusterSettings* of(const std::string& node, const std::string& role);

 private:
  std::optional<ClusterSettings> find(const std::string& node, const RoleRecord& role) const;

  const World& world_;
  const DeploymentRecord& record_;
  std::mutex mutex_;  ///< guards known_
  std::map<std::string, std::optional<ClusterSettings>> known_;
};

}  // namespace muster
