#pragma once

#include <filesystem>

#include "provisioner/state/store.h"

namespace muster {

/// What OpenSSH needs of a deployment, as files: its tenant's private key, and the keys of its
/// nodes' hosts by their names. They hold what the state holds already, under the same protection.
struct SshFiles {
  std::filesystem::path key;
  std::filesystem::path known_hosts;
};

/// Writes them into the folder `ssh` of the state.
SshFiles write_ssh_files(Store& store, const std::filesystem::path& state,
                         const DeploymentRecord& record);

}  // namespace muster
