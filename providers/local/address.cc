#include "providers/local/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <sstream>

namespace muster {

namespace {

constexpr int kNetworkPrefix = 24;

std::uint32_t mask_of(int prefix) { return prefix == 0 ? 0 : ~std::uint32_t{0} << (32 - prefix); }

std::optional<std::uint32_t> parse_ipv4(const std::string& text) {
  in_addr address{};
  if (::inet_pton(AF_INET, text.c_str(), &address) != 1) return std::nullopt;
  return ntohl(address.s_addr);
}

}  // namespace

std::uint32_t Ipv4Range::last() const { return first | ~mask_of(prefix); }

std::optional<Ipv4Range> parse_ipv4_range(std::string_view text) {
  auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  auto address = parse_ipv4(std::string(text.substr(0, slash)));
  auto digits = text.substr(slash + 1);
  int prefix = -1;
  auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
  if (!address || failure != std::errc{} || end != digits.data() + digits.size()) {
    return std::nullopt;
  }
  if (prefix < 0 || prefix > 32 || (*address & ~mask_of(prefix)) != 0) return std::nullopt;
  return Ipv4Range{*address, prefix};
}

std::string to_text(const Ipv4Range& range) {
  return ipv4_text(range.first) + "/" + std::to_string(range.prefix);
}

std::string ipv4_text(std::uint32_t address) {
  in_addr raw{htonl(address)};
  char text[INET_ADDRSTRLEN];
  return ::inet_ntop(AF_INET, &raw, text, sizeof text);
}

std::optional<Ipv4Range> free_network(const Ipv4Range& pool, std::span<const Ipv4Range> taken) {
  auto prefix = std::max(pool.prefix, kNetworkPrefix);
  auto size = std::uint64_t{1} << (32 - prefix);
  for (std::uint64_t first = pool.first; first <= pool.last(); first += size) {
    Ipv4Range network{static_cast<std::uint32_t>(first), prefix};
    if (std::ranges::none_of(taken, [&](const auto& range) { return network.overlaps(range); })) {
      return network;
    }
  }
  return std::nullopt;
}

std::uint32_t gateway_of(const Ipv4Range& network) { return network.first + 1; }

std::optional<std::uint32_t> free_address(const Ipv4Range& network,
                                          std::span<const std::uint32_t> used) {
  for (auto address = gateway_of(network) + 1; address < network.last(); ++address) {
    if (std::ranges::find(used, address) == used.end()) return address;
  }
  return std::nullopt;
}

std::vector<Ipv4Range> parse_routes(std::string_view proc_net_route) {
  std::vector<Ipv4Range> routes;
  std::istringstream lines{std::string(proc_net_route)};
  std::string line;
  std::getline(lines, line);  // the heading
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    std::string interface, destination, gateway, flags, references, use, metric, mask;
    if (!(fields >> interface >> destination >> gateway >> flags >> references >> use >> metric >>
          mask)) {
      continue;
    }
    // The kernel prints the bytes as they are in memory, as one number of this machine.
    auto number = [](const std::string& hex) {
      return ntohl(static_cast<std::uint32_t>(std::strtoul(hex.c_str(), nullptr, 16)));
    };
    auto prefix = std::popcount(number(mask));
    if (prefix > 0) routes.push_back({number(destination), prefix});
  }
  return routes;
}

}  // namespace muster
