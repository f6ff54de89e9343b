#pragma once

#include <optional>
#include <string>

#include "inventory/cluster.h"
#include "inventory/record.h"
#include "provisioner/base/secret.h"
#include "provisioner/pki/pki.h"
#include "provisioner/state/store.h"

namespace muster {

/// "https://10.0.0.1:6443", as the administrator reaches it; nothing while no master is on record.
std::optional<std::string> api_server(const Cluster& cluster, const DeploymentRecord& record);

/// A kubeconfig of `admin` for the cluster at that address, which shows a certificate of those CAs
/// (PEM).
Secret kubeconfig_text(const std::string& cluster, const std::string& server,
                       const std::string& trusted, const Identity& admin);

/// A kubeconfig for the cluster's administrator (group system:masters), with a certificate of its
/// own, made when missing. Throws Error when no master is on record.
Secret admin_kubeconfig(Store& store, const Cluster& cluster, const DeploymentRecord& record);

}  // namespace muster
