#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "inventory/cluster.h"
#include "inventory/record.h"
#include "provisioner/definition/role.h"

namespace muster {

/// Nodes of a record by name; DeploymentRecord::find walks the list, too slow for each of 5000.
using RecordIndex = std::unordered_map<std::string, const NodeRecord*>;
RecordIndex index_of(const DeploymentRecord* record);

/// The record of a node that is there and stays, or nullptr.
const NodeRecord* kept_record(const RecordIndex& recorded, const Node& node);

/// Whether the definition wants `role` (also as a need of another) on `node`.
bool wants(const Node& node, const std::string& role);

/// Whether templates of `role` see the members of `used`.
bool uses(const Role& role, const std::string& used);

/// role_fingerprint for many nodes and roles: what they share is hashed once.
class Fingerprints {
 public:
  Fingerprints(const Cluster& cluster, const DeploymentRecord* record);

  std::string of(const Node& node, const Role& role);

 private:
  std::string pod_cidr(const Node& node) const;
  std::string node_part(const Node& node) const;
  const std::string& members_part(const Role& role);

  const Cluster& cluster_;
  RecordIndex recorded_;
  std::string settings_;
  std::string access_;
  std::map<std::string, std::string> members_;  ///< by role
};

/// What differs between two fingerprints of a role, of "role files", "settings", "node" and
/// "members".
std::vector<std::string> changed_parts(const std::string& recorded, const std::string& wanted);

}  // namespace muster
