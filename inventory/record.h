#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace muster {

/// Whether a host key is told by its fingerprint: "SHA256:...", or "SHA256:... (ED25519)".
inline bool is_fingerprint(const std::string& host_key) { return host_key.starts_with("SHA256:"); }

/// How to reach a node; what a provider hands out.
struct Endpoint {
  std::string address;
  int port = 22;
  std::string user = "root";
  /// "ssh-ed25519 AAAA...", or a fingerprint that it must have; empty: trust on first use.
  std::string host_key;
  /// Whose key opens it: empty is muster's own, kUserIdentity what the user's ssh would use (agent,
  /// config, default keys), anything else the path of a private key file.
  std::string identity;
  std::string bastion;          ///< "user@host:port" that the connection goes through; empty: none
  std::string cluster_address;  ///< an IP address; empty: `address` is one

  /// Where the deployment's other nodes find it.
  const std::string& in_cluster() const {
    return cluster_address.empty() ? address : cluster_address;
  }

  /// Whether host_key is a key, which somebody has seen or told.
  bool has_key() const { return !host_key.empty() && !is_fingerprint(host_key); }
  bool operator==(const Endpoint&) const = default;
};

inline constexpr char kUserIdentity[] = "user";

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
  off,         ///< never recorded: its provider, asked now, has it switched off
  half_made    ///< never recorded: its provider, asked now, has not finished it
};

std::string to_string(NodeState state);  ///< "creating", ...

/// In the name of a twin, "web-1#2"; no other node's name has it.
inline constexpr char kTwinMark = '#';

/// What the state knows of one node.
struct NodeRecord {
  std::string name;
  std::string provider;
  std::string provider_kind;  ///< of a provider that was created by name; the store fills it in
  std::string token;   ///< given to the provider at create; finds the node again after a crash
  std::string handle;  ///< the provider's own name for it; empty until create has said it
  NodeState state = NodeState::creating;
  /// Never recorded: destroying it wipes its machine, as its provider says. Else the machine was
  /// there before and stays.
  bool wiped = false;
  Endpoint endpoint;
  std::string pod_cidr;
  std::vector<std::string> wanted_roles;  ///< as the definition named them (for status)
  std::vector<RoleRecord> roles;          ///< applied, in the order of applying

  /// The node that this one was made besides, by a provider that made two machines with one token;
  /// empty: it is no such twin.
  std::string twin_of() const {
    auto mark = name.find(kTwinMark);
    return mark == std::string::npos ? "" : name.substr(0, mark);
  }

  /// It has its machine, which may be switched off.
  bool is_there() const { return state == NodeState::ready || state == NodeState::off; }

  const RoleRecord* find_role(const std::string& role) const {
    for (const auto& record : roles) {
      if (record.role == role) return &record;
    }
    return nullptr;
  }
};

/// How far a rotation of a deployment's authorities is. What each phase brings to the nodes is kept
/// until the next one begins.
enum class RotationPhase {
  none,
  trust,    ///< the new authorities are trusted besides the old ones, which still issue
  issue,    ///< the new ones issue
  distrust  ///< the old ones are no longer trusted
};

/// Which certificates a deployment's nodes are to have.
struct CertificateOrder {
  /// Counts renewals and phases of rotations: a part of the fingerprints of roles with
  /// certificates.
  int generation = 0;
  int done = 0;       ///< the last generation that every node was given
  int renewed = 0;    ///< certificates that were issued for an earlier generation are issued anew
  int rotations = 0;  ///< of authorities, begun
  RotationPhase phase = RotationPhase::none;

  bool is_done() const { return done == generation; }
};

/// What the state knows of one deployment; the next plan reads it.
struct DeploymentRecord {
  std::int64_t id = 0;  ///< the store's; its own as long as the deployment lives, never given twice
  std::string name;
  std::string tenant;
  int revision = 0;  ///< of the last definition that an apply finished or began
  std::string definition_file;
  std::string definition_text;
  /// Attribs that the text leaves out, with their defaults of then; none of old records.
  std::map<std::string, std::string> definition_defaults;
  int wanted_nodes = -1;  ///< how many the definition wants; -1: not told, as in old records
  bool applied = false;   ///< the last apply finished with nothing failed
  /// Set while an atomic apply has not ended well: the revision that its failure goes back to, 0
  /// when there was no deployment before.
  std::optional<int> undo_to;
  std::int64_t expires_ms = 0;  ///< when `muster gc` may destroy it, by the wall clock; 0: never
  CertificateOrder certificates;
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
