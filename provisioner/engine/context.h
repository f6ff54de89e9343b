#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "inventory/cluster.h"
#include "inventory/record.h"
#include "provisioner/pki/pki.h"
#include "provisioner/tasks/facts.h"

namespace muster {

/// What rendering a role for a node depends on.
struct ContextInput {
  const Cluster* cluster = nullptr;
  const Node* node = nullptr;
  const Role* role = nullptr;
  std::map<std::string, Endpoint> endpoints;  ///< of every node that exists by now
  Facts facts;
  std::map<std::string, bool> artifacts;  ///< name -> whether it could be had
};

/// What templates see (docs/roles.md). Issues the role's certificates through `pki`.
nlohmann::json make_context(const ContextInput& input, Pki& pki);

}  // namespace muster
