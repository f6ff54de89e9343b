#pragma once

#include <sys/types.h>

#include <span>
#include <string>
#include <vector>

#include "providers/local/records.h"

namespace muster {

/// The nftables script that sets a network's rules anew, in one transaction. Nodes of the network
/// reach each other, and those in `online` the outside; nothing reaches another muster network,
/// nor this machine's own services.
std::string firewall_text(const LocalNetwork& network, std::span<const std::string> online);

bool interface_exists(const std::string& name);

/// Every range that this machine has an address in or a route to.
std::vector<Ipv4Range> host_ranges();

/// This machine's own addresses.
std::vector<std::uint32_t> host_addresses();

/// Makes the bridge, the rules (also in other firewalls' chains that would drop what they do not
/// know) and the host's settings, whatever of them is there already.
/// `nodes` are those of the network. The caller holds the lock of the networks.
void raise_network(const LocalNetwork& network, std::span<const LocalNode> nodes);
/// Fine when nothing of it is there. With the last network the host's settings go back to what
/// they were. The caller holds the lock of the networks.
void remove_network(const std::string& bridge);

/// Lays the cable from the bridge into the network namespace of `pid`, and sets its address.
void plug_in(const LocalNode& node, const LocalNetwork& network, pid_t pid);
/// Fine when there is no cable.
void unplug(const std::string& id);

}  // namespace muster
