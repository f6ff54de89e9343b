#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "provisioner/tasks/facts.h"
#include "provisioner/tasks/task_needs.h"

namespace muster {

/// What a node that is checked is asked besides its facts.
struct PreflightQuestions {
  std::vector<int> ports;      ///< those that its roles listen on
  bool kubernetes = false;     ///< it is to be a part of a cluster
  std::string address = {};    ///< an IPv4 address that it should have; empty: whichever
  PackageNames packages = {};  ///< which of its family's are not installed
};

/// A POSIX sh script for stdin of "sh"; changes nothing. Needs root for who holds ports, and for
/// the folders that root alone may read.
std::string preflight_script(const std::string& nonce, const PreflightQuestions& questions);

struct DiskSpace {
  std::string path;   ///< what was asked for
  std::string mount;  ///< the file system that it is on
  long long free_mb = 0;
  long long size_mb = 0;
};

/// Who listens where.
struct PortInUse {
  enum class Where { loopback, address, any };
  int port = 0;
  Where where = Where::any;
  std::string owner;  ///< "kubelet (812)", or empty
};

struct NamedCheck {
  std::string name;
  bool good = false;
  std::string detail;
};

/// An IPv4 route of a node, but for the one to everywhere else, of which only the gateway counts.
struct RouteSeen {
  std::string to;       ///< "10.0.0.0/24"
  std::string gateway;  ///< an address; empty: on the device itself
  std::string device;
};

/// What a node answered. Whatever it did not say is empty. Nodes may say anything: texts are to be
/// cleaned before they are shown.
struct Sighting {
  Facts facts;
  std::optional<double> clock;                ///< seconds since 1970 when the script began
  bool clock_is_whole = false;                ///< without parts of a second: up to one more
  std::string owner;                          ///< whose it is, see CompileInput; empty: nobody's
  std::string packages;                       ///< the package manager, "none"
  std::vector<std::string> missing_packages;  ///< of those that were asked for
  std::string hostname, machine_id, product_uuid;
  std::string boot;  ///< the same for two nodes: they are one machine
  std::vector<DiskSpace> disks;
  std::vector<PortInUse> ports;
  std::vector<std::string> swaps;
  std::vector<NamedCheck> modules;
  std::vector<std::string> firewalls;      ///< those that are on, and that muster does not open
  std::optional<std::string> controllers;  ///< cgroup controllers, by spaces
  std::vector<NamedCheck> programs;        ///< of Kubernetes and the like; `detail` is the pid
  std::vector<std::string> kubernetes;     ///< what installers of Kubernetes left
  std::vector<std::string> by_muster;      ///< units that some muster wrote
  std::string etcd_data;
  std::vector<std::string> cni;
  bool other_containerd_config = false;
  bool containerd_io = false;     ///< Docker's package, which Debian's containerd replaces
  std::vector<NamedCheck> names;  ///< "own", "mirror"; `detail` is the name
  std::vector<RouteSeen> routes;
  std::vector<std::string> addresses;  ///< its own IPv4 addresses, but for loopback ones
  std::optional<bool> has_address;     ///< the one that was asked for is its own
  std::vector<std::string> name_servers;
  std::string asker;  ///< where it is asked from, as it sees that; may be empty
  int mtu = 0;        ///< of the device with the default route; 0: not known
  std::string device;
};

/// What a check of a node has seen.
struct Look {
  Sighting seen;
  std::string no_root;  ///< why nothing runs as root there; then this is what the login user sees
  /// By this machine's clock, seconds since 1970: the node told its own time after `asked` and
  /// before `heard`.
  double asked = 0;
  double heard = 0;
};

/// Throws Error when the answer has no end, as parse_facts does.
Sighting parse_preflight(std::string_view answer, const std::string& nonce);

}  // namespace muster
