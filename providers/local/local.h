#pragma once

#include <filesystem>

#include "providers/local/cgroups.h"
#include "providers/local/hints.h"
#include "providers/local/records.h"
#include "providers/provider.h"

namespace muster {

/// Nodes on this machine: systemd system containers, each with its own sshd, address and disk.
/// A node outlives muster. What was made is on record before it is made, and everything is named
/// after the node's id, so a node can be removed whatever instant its maker died at.
class LocalProvider : public Provider {
 public:
  /// `root`: the folder of nodes; `cache`: node images, and the artifact store that nodes see.
  /// Offline no image is built.
  LocalProvider(std::filesystem::path root, std::filesystem::path cache, bool offline = false);

  std::vector<std::string> validate(const std::string& hints) override;
  std::optional<std::string> network_of(const NodeSpec& wanted) override;
  void prepare(const std::vector<std::string>& hints,
               const std::function<void(const std::string&)>& note) override;
  std::vector<std::filesystem::path> prepared(const std::vector<std::string>& hints) override;
  ProvidedNode create(const NodeSpec& spec) override;
  void destroy(const std::string& handle) override;
  std::vector<ProvidedNode> list(const std::string& tag) override;
  /// Off is like pulling the plug. The node keeps its disk and its address.
  PresenceNote presence(const KnownNode& node) override;
  void set_power(const std::string& handle, bool on) override;

 private:
  LocalNode reserve(const NodeSpec& spec) const;
  LocalNetwork network_for(const NodeSpec& spec, const LocalHints& hints) const;
  void raise(const LocalNetwork& network) const;
  void put(const LocalNode& node) const;
  void make(LocalNode& node, const NodeSpec& spec) const;
  /// Starts a node that is off, in a network that is up; it does not answer yet.
  void switch_on(const LocalNode& node) const;
  void switch_on_again(const LocalNode& node) const;
  void switch_off(const std::string& id) const;
  /// Removes the networks that have no node but the one that leaves.
  void remove_networks_without(const std::string& leaving) const;
  void wait_until_it_answers(const LocalNode& node) const;

  LocalRecords records_;
  std::filesystem::path cache_;
  bool offline_;
  CgroupHost cgroups_;
};

/// /var/lib/muster/local, or $MUSTER_LOCAL_DIR.
std::filesystem::path default_local_root();

}  // namespace muster
