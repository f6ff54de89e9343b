#pragma once

#include <string>
#include <vector>

namespace muster {

/// How to reach a node; what a provider hands out.
struct Endpoint {
  std::string address;
  int port = 22;
  std::string user = "root";
  std::string host_key;  ///< "ssh-ed25519 AAAA..."; empty: trust on first use
};

/// A role that was applied to a node.
struct RoleRecord {
  std::string role;
  std::string fingerprint;  ///< of what was applied
};

enum class NodeState {
  creating,    ///< the provider was asked; whether the node exists is unsure
  ready,       ///< it exists and answers
  destroying,  ///< the provider was asked to destroy it; whether it is gone is unsure
  lost,        ///< never recorded: its provider, asked now, no longer has it
  off          ///< never recorded: its provider, asked now, has it switched off
};

/// What the state knows of one node.
struct NodeRecord {
  std::string name;
  std::string provider;
  std::string token;   ///< given to the provider at create; finds the node again after a crash
  std::string handle;  ///< the provider's own name for it; empty while creating
  NodeState state = NodeState::creating;
  Endpoint endpoint;
  std::string pod_cidr;
  std::vector<std::string> wanted_roles;  ///< as the definition named them (for status)
  std::vector<RoleRecord> roles;          ///< applied, in the order of applying
};

/// What the state knows of one deployment; the next plan reads it.
struct DeploymentRecord {
  std::string name;
  std::string tenant;
  int revision = 0;  ///< of the last definition that an apply finished or began
  std::string definition_file;
  std::string definition_text;
  bool applied = false;  ///< the last apply finished with nothing failed
  std::vector<NodeRecord> nodes;

  const NodeRecord* find(const std::string& node) const {
    for (const auto& record : nodes) {
      if (record.name == node) return &record;
    }
    return nullptr;
  }
};

}  // namespace muster
