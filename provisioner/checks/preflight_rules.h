#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "inventory/cluster.h"
#include "inventory/networks.h"
#include "inventory/record.h"
#include "provisioner/definition/role.h"
#include "provisioner/events/finding.h"
#include "provisioner/tasks/preflight.h"

namespace muster {

/// A port that one of the node's roles will listen on.
struct PortNeed {
  int port = 0;
  bool loopback = false;  ///< on this machine's own address alone
  std::string who;        ///< "kubelet"
};

/// What a node is to be, as far as a check must know. Only what its roles need is checked.
struct NodeNeeds {
  bool kubernetes = false;  ///< it is to be a part of a cluster
  bool etcd = false;        ///< these three are of roles that it does not have already
  bool control_plane = false;
  bool pods = false;
  bool bridge = false;                   ///< muster configures the pod network
  std::string state;                     ///< its id; a machine of another one's is in use
  bool own = false;                      ///< on record with roles: what runs there is its own
  bool packages = false;                 ///< a role installs packages
  std::vector<ClusterNetwork> networks;  ///< what it keeps for pods and Services
  int pod_bits = 0;                      ///< of each node's part of the pod network
  std::string address;                   ///< where the other nodes find it; empty: not known
  std::vector<PortNeed> ports;
  std::vector<std::string> artifacts;  ///< what its roles install
  std::string architecture;            ///< muster gets artifacts for this one when it needs them
  /// Whether it has one for another architecture in its cache, or can fetch it.
  std::function<bool(const std::string& name, const std::string& architecture)> can_have;
  /// What to type for those of an architecture.
  std::function<std::string(const std::string& architecture)> fetch_command;
  /// What its roles install. Asked for only where a bundle has packages, for then they come from
  /// nowhere else.
  PackageNames package_names;
  /// Whether the bundle has packages for a system, and what it has them for; empty: there are none.
  std::function<bool(const std::string& os, const std::string& version,
                     const std::string& architecture)>
      has_packages;
  std::string packaged_releases;
};

/// All but address, state, can_have, fetch_command, architecture, and what a bundle has.
NodeNeeds needs_of(const Cluster& cluster, const Node& node, const std::vector<Role>& roles,
                   const NodeRecord* record);

/// What to ask a node that is to be so.
PreflightQuestions questions_for(const NodeNeeds& needs);

/// How far a node's clock is before this machine's (behind: negative), in seconds; the truth is
/// between these two, for nobody knows how long its answer was on its way.
struct ClockOffset {
  double least = 0;
  double most = 0;

  double middle() const { return (least + most) / 2; }
  /// Seconds by which it is wrong in any case.
  double surely() const;
};

/// Nothing when the node did not say.
std::optional<ClockOffset> clock_offset(const Look& look);

/// What is to be said of a node that answered. Pure.
std::vector<Finding> judge(const NodeNeeds& needs, const Look& look);

/// Why there is nothing to judge.
enum class Trouble {
  silent,    ///< it does not answer
  host_key,  ///< it shows another host key
  key_file,  ///< the key that is to open it is of no use
  refused    ///< it does not let us in, or runs no scripts
};
/// `why` is the text of the Error.
Finding judge_trouble(Trouble trouble, const std::string& why);

/// A node that answered, among the others.
struct Answered {
  const NodeNeeds* needs = nullptr;
  const Look* look = nullptr;
  HostFindings* findings = nullptr;  ///< takes what is said
};

/// What only shows when nodes are held against each other. Pure.
void judge_together(std::vector<Answered>& nodes);

/// Before an apply: a host that does not answer fails its own node, so it is no reason not to
/// begin.
void forgive_unreachable(std::vector<Finding>& findings);

/// Throws Error with the errors among the findings, if there are any.
void refuse_errors(const std::string& deployment, const std::vector<HostFindings>& hosts);

}  // namespace muster
