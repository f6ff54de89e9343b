#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "inventory/cluster.h"
#include "inventory/index.h"
#include "inventory/record.h"
#include "provisioner/pki/pki.h"
#include "provisioner/tasks/facts.h"

namespace muster {

/// What rendering a role for a node depends on.
struct ContextInput {
  const Cluster* cluster = nullptr;
  const Node* node = nullptr;
  const Role* role = nullptr;
  const ClusterSettings* settings = nullptr;  ///< not the cluster's: of a node that leaves
  const std::map<std::string, Endpoint>* endpoints = nullptr;  ///< of nodes that exist by now
  const RecordIndex* before = nullptr;                         ///< on record when the run began
  const CertificateOrder* certificates = nullptr;
  Facts facts;
  std::map<std::string, bool> artifacts;  ///< name -> whether it could be had
  bool drains = true;                     ///< a node that leaves, see Leaving
  int drain_seconds = 120;
  bool force_drain = false;
};

/// What templates see (docs/roles.md). Issues the role's certificates through `pki`.
nlohmann::json make_context(const ContextInput& input, Pki& pki);

}  // namespace muster
