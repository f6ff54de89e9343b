#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "inventory/record.h"
#include "provisioner/base/secret.h"
#include "provisioner/pki/pki.h"
#include "provisioner/run/node_link.h"
#include "provisioner/run/world.h"

/// How runs get at what a deployment has: its nodes, its machines at providers, its secrets.
namespace muster {

/// To log in to the deployment's nodes with muster's own key.
LinkOptions login_options(const World& world, const DeploymentRecord& record, std::stop_token stop,
                          int patience = 1);

/// The key of the tenant of that name, or an empty one when it was never made.
Secret known_tenant_key(Store& store, const std::string& tenant);

/// Finds a deployment's nodes at its provider: unique over all states.
std::string deployment_tag(Store& store, const std::string& deployment);

/// The key that muster itself logs in with, one for each tenant; made when missing.
SshKeyPair tenant_key(Store& store, const std::string& tenant);

/// The deployment's part of the store's secrets as a vault.
std::unique_ptr<Vault> deployment_vault(Store& store, const std::string& deployment);

}  // namespace muster
