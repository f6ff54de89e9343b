#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster {

/// An IPv4 network in CIDR form; addresses are numbers in the machine's own order.
struct Ipv4Range {
  std::uint32_t first = 0;
  int prefix = 32;

  std::uint32_t last() const;
  bool contains(std::uint32_t address) const { return address >= first && address <= last(); }
  bool overlaps(const Ipv4Range& other) const {
    return first <= other.last() && other.first <= last();
  }
  bool operator==(const Ipv4Range&) const = default;
};

/// "10.213.0.0/16"; nothing when malformed or when bits beyond the prefix are set.
std::optional<Ipv4Range> parse_ipv4_range(std::string_view text);
std::string to_text(const Ipv4Range& range);
std::string ipv4_text(std::uint32_t address);

/// Networks are /24, or the whole pool when that is smaller.
std::optional<Ipv4Range> free_network(const Ipv4Range& pool, std::span<const Ipv4Range> taken);
/// The host has the first address of a network; nodes get the next ones.
std::uint32_t gateway_of(const Ipv4Range& network);
std::optional<std::uint32_t> free_address(const Ipv4Range& network,
                                          std::span<const std::uint32_t> used);

/// The destinations in a text like /proc/net/route, without the default route.
std::vector<Ipv4Range> parse_routes(std::string_view proc_net_route);

}  // namespace muster
