#pragma once

#include <string>

#include "inventory/cluster.h"
#include "inventory/record.h"
#include "inventory/ssh_route.h"

namespace muster {

// What a student is handed out besides the kubeconfig; `record` is of the student's cluster. All of
// it is for the student alone: the nodes' addresses and host keys, and no private key.

/// For `ssh -F ssh_config NODE`, run beside the file known_hosts.
std::string ssh_config_text(const Cluster& cluster, const DeploymentRecord& record,
                            const BastionKeys& bastions);

/// The nodes' host keys, by their names, and those of their bastions.
std::string known_hosts_text(const DeploymentRecord& record, const BastionKeys& bastions);

/// One page: how to begin.
std::string handout_readme(const Cluster& cluster, const DeploymentRecord& record);

}  // namespace muster
