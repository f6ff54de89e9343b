#pragma once

#include <map>
#include <string>
#include <vector>

#include "inventory/cluster.h"
#include "inventory/index.h"
#include "inventory/record.h"
#include "provisioner/definition/role.h"

namespace muster {

/// The record of a node that is there and stays, or nullptr.
const NodeRecord* kept_record(const RecordIndex& recorded, const Node& node);

/// Whether the definition wants `role` (also as a need of another) on `node`.
bool wants(const Node& node, const std::string& role);

/// Whether templates of `role` see the members of `used`.
bool uses(const Role& role, const std::string& used);

/// Whether `role` installs keys or certificates of the deployment's.
bool has_certificates(const Role& role);

/// role_fingerprint for many nodes and roles: what they share is hashed once.
class Fingerprints {
 public:
  Fingerprints(const Cluster& cluster, const DeploymentRecord* record);

  std::string of(const Node& node, const Role& role);
  /// What the settings of the cluster add to fingerprints of the role.
  const std::string& settings_part(const Role& role);

 private:
  const std::string& pod_cidr(const Node& node) const;
  const std::string& node_part(const Node& node);
  const std::string& role_part(const Role& role);
  const std::string& members_part(const Role& role);
  std::string certificates_part(const Role& role) const;

  const Cluster& cluster_;
  RecordIndex recorded_;
  int generation_ = 0;                           ///< of certificates
  std::map<std::string, std::string> settings_;  ///< by role
  std::map<std::string, std::string> files_;     ///< by role
  std::map<std::string, std::string> members_;   ///< by role
  const Node* hashed_ = nullptr;                 ///< the node that node_ is of
  std::string node_;
};

/// Of a role's fingerprint, what the settings of the cluster add to it; empty for one in doubt.
std::string settings_part(const std::string& fingerprint);

inline constexpr char kCertificatesPart[] = "certificates";

/// What differs between two fingerprints of a role, of "role files", "settings", "node", "members"
/// and "certificates".
std::vector<std::string> changed_parts(const std::string& recorded, const std::string& wanted);

}  // namespace muster
