#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "inventory/cluster.h"
#include "provisioner/operations/certificates.h"
#include "provisioner/run/world.h"

namespace muster {

/// A certificate in a file of a node.
struct FoundCertificate {
  std::string node;
  std::string file;
  std::string authority;  ///< who signed it, of those that muster knows; else empty
  std::string subject;
  std::string serial;        ///< hex
  std::int64_t ends_ms = 0;  ///< by the wall clock
};

/// Reads the certificates in the files that the nodes' roles write, over SSH and a node at a time;
/// private keys stay where they are. `on_problem` is told of each node that cannot be read, and it
/// is left out.
std::vector<FoundCertificate> find_certificates(
    const World& world, const Cluster& cluster, const DeploymentRecord& record,
    std::stop_token stop, const std::function<void(const std::string&)>& on_problem);

/// What the script of find_certificates printed, taken apart: file and certificate (PEM). Files of
/// several have several.
std::vector<std::pair<std::string, std::string>> certificates_in(const std::string& printed);

}  // namespace muster
