#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace muster {

/// resolv.conf for a node: the host's name servers that nodes can reach, with its search domains;
/// empty when there are none. Nodes have no IPv6, and no way to the host's own services, so
/// servers on the host's `own` addresses are no use to them. `upstream_text` is asked when
/// `host_text` has no such server.
std::string resolv_conf_for_node(const std::string& host_text, const std::string& upstream_text,
                                 std::span<const std::uint32_t> own);

}  // namespace muster
