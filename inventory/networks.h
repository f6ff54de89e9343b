#pragma once

#include <span>
#include <string>
#include <vector>

#include "inventory/cluster.h"
#include "provisioner/definition/cidr.h"

namespace muster {

/// A network that a cluster's nodes keep for pods or Services. They send nothing that is for it to
/// anybody else, so whatever they are to reach must be outside of it, they themselves above all.
struct ClusterNetwork {
  std::string name;    ///< "the pod network"
  std::string attrib;  ///< what sets it
  Cidr range;

  /// Whether it has (a part of) `place`: an IPv4 address, or a network such as "10.0.0.0/24".
  bool takes(const std::string& place) const;
};

/// Those of a cluster that has pods.
std::vector<ClusterNetwork> networks_of(const ClusterSettings& settings);

/// Something that the nodes must go on reaching, or are.
struct KnownPlace {
  std::string place;    ///< as ClusterNetwork::takes has it; others count for nothing
  std::string what;     ///< "the address of node 'm1'"
  Position at;          ///< in the definition: what asks for it
  bool in_use = false;  ///< by a cluster that runs so already: a warning is all that helps
};

/// Networks that take such places go to `diagnostics`, each once, with a free range.
void check_networks(const Definition& definition, const ClusterSettings& settings,
                    std::span<const KnownPlace> places, Diagnostics& diagnostics);

/// Why a node cannot do what its roles say at this address; empty when it can.
std::string address_mistake(const Cluster& cluster, const Node& node, const Endpoint& endpoint);

}  // namespace muster
