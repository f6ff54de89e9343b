#pragma once

#include <map>
#include <string>
#include <vector>

#include "inventory/record.h"

namespace muster {

/// The host keys ("ssh-ed25519 AAAA...") of bastions that muster has seen, by place_of.
using BastionKeys = std::map<std::string, std::string>;

/// Files for OpenSSH; their paths as ssh finds them.
struct SshFiles {
  std::string key;          ///< muster's own private key, of nodes that it opens
  std::string known_hosts;  ///< host_keys_text, of which ssh takes the keys that muster knows
  std::string bastions;     ///< where ssh may keep keys of bastions that muster never saw; or empty
};

/// An option as ssh_config(5) has it.
struct SshOption {
  std::string name;
  std::string value;
};

/// How OpenSSH reaches a node as muster itself does: the same user and key, through the same
/// bastion, the host keys of both checked.
struct SshRoute {
  std::string address;
  int port = 22;
  std::string user;
  std::string key;                 ///< path of the private key; empty: the user's own
  std::vector<SshOption> options;  ///< all that is not above
};

SshRoute ssh_route(const NodeRecord& node, const SshFiles& files, const BastionKeys& bastions);

/// The command line that logs in; what is to be run there may follow.
std::vector<std::string> ssh_command(const SshRoute& route);

/// A host as ssh looks it up in known_hosts: "10.0.0.1", "[10.0.0.1]:2222".
std::string known_host(const Endpoint& endpoint);

/// Lines of an OpenSSH known_hosts: nodes by their names, bastions by their addresses.
std::string host_keys_text(const DeploymentRecord& record, const BastionKeys& bastions);
/// The bastions of these alone.
std::string bastion_keys_text(const DeploymentRecord& record, const BastionKeys& bastions);

}  // namespace muster
