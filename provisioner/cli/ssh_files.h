#pragma once

#include <filesystem>

#include "inventory/ssh_route.h"
#include "provisioner/state/store.h"

namespace muster {

/// Writes what OpenSSH needs of a deployment into the folder `ssh` of the state: its tenant's
/// private key, and the keys of its nodes' hosts and bastions. They hold what the state holds
/// already, under the same protection.
SshFiles write_ssh_files(Store& store, const std::filesystem::path& state,
                         const DeploymentRecord& record, const BastionKeys& bastions);

/// Removes the private key that it wrote for a tenant.
void forget_ssh_key(const std::filesystem::path& state, const std::string& tenant);

}  // namespace muster
