#pragma once

#include <cstdint>
#include <string>

#include "provisioner/definition/definition.h"

namespace muster {

/// The prefix of the names of a block's nodes: its own, or "<name>-<NN>" with its number from 1.
std::string node_prefix(const Definition& definition, std::size_t block);

/// "<prefix>-<NNN>", `number` from 1.
std::string node_name(const std::string& prefix, int number);

/// The local balancer's port: not the API's own, since masters have both.
std::int64_t balancer_port(std::int64_t wanted, std::int64_t api_port);

}  // namespace muster
