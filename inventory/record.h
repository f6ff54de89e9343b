#pragma once

#include <optional>
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

/// The fingerprint of a role that was whole once, while it is being applied again or undone: should
/// that be cut, nobody knows what the node has of it.
inline constexpr char kInDoubt[] = "in doubt";

/// A role that was applied to a node, wholly or in part.
struct RoleRecord {
  std::string role;
  std::string fingerprint;  ///< of what was applied; empty when it never came to its end

  bool whole() const { return !fingerprint.empty() && fingerprint != kInDoubt; }
};

enum class NodeState {
  creating,    ///< the provider was asked; whether the node exists is unsure
  ready,       ///< it exists and answers
  destroying,  ///< the provider was asked to destroy it; whether it is gone is unsure
  lost,        ///< never recorded: its provider, asked now, no longer has it
  off          ///< never recorded: its provider, asked now, has it switched off
};

std::string to_string(NodeState state);  ///< "creating", ...

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

  const RoleRecord* find_role(const std::string& role) const {
    for (const auto& record : roles) {
      if (record.role == role) return &record;
    }
    return nullptr;
  }
};

/// What the state knows of one deployment; the next plan reads it.
struct DeploymentRecord {
  std::string name;
  std::string tenant;
  int revision = 0;  ///< of the last definition that an apply finished or began
  std::string definition_file;
  std::string definition_text;
  bool applied = false;  ///< the last apply finished with nothing failed
  /// Set while an atomic apply has not ended well: the revision that its failure goes back to, 0
  /// when there was no deployment before.
  std::optional<int> undo_to;
  std::vector<NodeRecord> nodes;

  const NodeRecord* find(const std::string& node) const {
    for (const auto& record : nodes) {
      if (record.name == node) return &record;
    }
    return nullptr;
  }

  /// Whether a node was, or is to be, made with this token.
  bool knows(const std::string& token) const {
    for (const auto& record : nodes) {
      if (record.token == token) return true;
    }
    return false;
  }
};

}  // namespace muster
