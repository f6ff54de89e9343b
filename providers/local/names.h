#pragma once

#include <functional>
#include <span>
#include <string>

#include "providers/local/records.h"
#include "providers/provider.h"

namespace muster {

/// Everything of a local node is named after its id, so that it can be found and removed with
/// nothing else known: "mun", 3 hex digits that belong to the folder of nodes, 8 to the token.
std::string local_node_id(const std::string& root, const std::string& token);
bool is_local_node_id(const std::string& text);

/// The host's end of the node's network cable (interface names have at most 15 characters).
std::string local_cable(const std::string& id);
/// 32 hex digits: the node keeps its machine id over restarts.
std::string local_machine_id(const std::string& id);
/// A locally administered MAC address that belongs to `owner`.
std::string local_mac(const std::string& owner);

/// Who owns a network: one tenant of one state, in one folder of local nodes.
struct LocalOwner {
  std::string root;
  std::string state;  ///< the tag up to its first "/"
  std::string tenant;
};

LocalOwner local_owner(const std::string& root, const NodeSpec& spec);
/// "mub", 3 hex digits that belong to the folder of nodes, 8 to the state and tenant. Others may
/// have the same: `attempt` counts the names that are somebody else's.
std::string local_bridge(const LocalOwner& owner, int attempt = 0);
/// The name of the owner's bridge: that of its network among `networks`, which are those of its
/// folder, or else one that no other network has and for which `is_there` does not hold.
std::string bridge_of(const LocalOwner& owner, std::span<const LocalNetwork> networks,
                      const std::function<bool(const std::string&)>& is_there);
std::string local_table(const std::string& bridge);

}  // namespace muster
