#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "provisioner/definition/definition.h"
#include "provisioner/definition/role.h"

namespace muster {

/// The prefix of the names of a block's nodes: its own, or "<name>-<NN>" with its number from 1.
std::string node_prefix(const Definition& definition, std::size_t block);

/// "<prefix>-<NNN>", `number` from 1.
std::string node_name(const std::string& prefix, int number);

/// The name of the node with this number in its block, from 1: as its host is called, where the
/// block names hosts.
std::string block_node_name(const Definition& definition, std::size_t block, int number);

/// Whether any of the definition's roles, those that they need included, is a part of Kubernetes.
/// Without one it makes no cluster: its nodes get what its roles say, and nothing else.
bool makes_kubernetes(const Definition& definition, std::span<const Role> roles);

/// The local balancer's port: not the API's own, since masters have both.
std::int64_t balancer_port(std::int64_t wanted, std::int64_t api_port);

}  // namespace muster
