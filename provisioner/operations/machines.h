#pragma once

#include <string>
#include <vector>

#include "inventory/cluster.h"
#include "provisioner/run/world.h"

namespace muster {

/// A node on record that its provider is to be told of before a run works on it, see
/// follow_machines.
struct MovedNode {
  std::string name;
  bool reached_otherwise = false;  ///< false: only what the provider keeps of it has changed
};

/// Asks providers whose machines were there before what they know of them now. Nodes of `cluster`
/// get the labels of their machines; those of `record` (may be null) that are reached in another
/// way by now get that endpoint, with the host key that was seen unless another one is told. A host
/// key of a fingerprint stays the key that was seen as long as it is that one. Changes nothing at
/// the providers.
std::vector<MovedNode> ask_machines(const World& world, Cluster& cluster, DeploymentRecord* record);

/// The same for a deployment that is to be destroyed, by its last definition as far as that can
/// still be understood.
void ask_machines_once_more(const World& world, DeploymentRecord& record);

/// Makes what ask_machines found the providers' word: asks for each of these nodes once more, with
/// its token. Their new handles go to `record`; returns the nodes as they are there now, to be
/// stored.
std::vector<NodeRecord> follow_machines(const World& world, const Cluster& cluster,
                                        DeploymentRecord& record,
                                        const std::vector<MovedNode>& moved);

}  // namespace muster
