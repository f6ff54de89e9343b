#include "inventory/networks.h"

#include <algorithm>
#include <array>

#include "inventory/address.h"
#include "provisioner/base/text.h"

namespace muster {

namespace {

/// Where free ranges are looked for, and how far.
constexpr std::array kPrivate{"10.128.0.0/9", "10.0.0.0/9", "172.16.0.0/12", "192.168.0.0/16"};
constexpr std::uint64_t kMostTries = 1024;

std::optional<Cidr> range_of(const std::string& place) {
  return parse_cidr(place.find('/') == std::string::npos ? place + "/32" : place);
}

std::optional<Cidr> free_range(int bits, const std::vector<Cidr>& taken) {
  for (const char* text : kPrivate) {
    const auto pool = *parse_cidr(text);
    if (bits < pool.bits) continue;
    const auto parts = std::min(kMostTries, std::uint64_t{1} << (bits - pool.bits));
    for (std::uint64_t i = 0; i < parts; ++i) {
      auto part = pool.part(i, bits);
      auto clashes = [&](const Cidr& other) { return other.overlaps(part); };
      if (std::ranges::none_of(taken, clashes)) return part;
    }
  }
  return std::nullopt;
}

/// Where the definition sets the attrib; line 0 when it has its default.
Position place_of_attrib(const Definition& definition, const std::string& attrib) {
  for (const auto& member : definition.attribs) {
    if (member.key == attrib) return member.value.at;
  }
  return {};
}

}  // namespace

bool ClusterNetwork::takes(const std::string& place) const {
  auto other = range_of(place);
  return other && range.overlaps(*other);
}

std::vector<ClusterNetwork> networks_of(const ClusterSettings& settings) {
  std::vector<ClusterNetwork> networks;
  auto add = [&](const char* name, const char* attrib, const std::string& text) {
    if (auto range = parse_cidr(text)) networks.push_back({name, attrib, *range});
  };
  add("the pod network", "k8s-kube_pod_subnet", settings.pod_cidr);
  add("the Service network", "k8s-kube_service_addresses", settings.service_cidr);
  return networks;
}

void check_networks(const Definition& definition, const ClusterSettings& settings,
                    std::span<const KnownPlace> places, Diagnostics& diagnostics) {
  const auto networks = networks_of(settings);
  std::vector<Cidr> taken;
  for (const auto& network : networks) taken.push_back(network.range);
  for (const auto& known : places) {
    if (auto range = range_of(known.place)) taken.push_back(*range);
  }
  for (const auto& network : networks) {
    std::vector<const KnownPlace*> clashes;
    for (const auto& known : places) {
      if (network.takes(known.place)) clashes.push_back(&known);
    }
    if (clashes.empty()) continue;
    // One that is new counts more than one that has gone well so far.
    const auto& first = **std::ranges::min_element(
        clashes, [](const auto* a, const auto* b) { return a->in_use < b->in_use; });
    auto message = network.name + " " + network.range.text() + " takes " + first.place + ", " +
                   first.what +
                   (clashes.size() == 1 ? "" : " and " + count_of(clashes.size() - 1, "other"));
    auto hint = std::string("nodes send what is for that network to pods and Services only");
    if (auto free = free_range(network.range.bits, taken)) {
      hint += ": use another one, e.g. --set attribs." + network.attrib + "=" + free->text();
    }
    auto at = place_of_attrib(definition, network.attrib);
    if (at.line == 0) at = first.at;
    if (first.in_use) {
      diagnostics.warning(at, std::move(message), std::move(hint));
    } else {
      diagnostics.error(at, std::move(message), std::move(hint));
    }
  }
}

std::string address_mistake(const Cluster& cluster, const Node& node, const Endpoint& endpoint) {
  const auto& inside = endpoint.in_cluster();
  if (cluster.kubernetes) {
    for (const auto& network : networks_of(cluster.settings)) {
      for (const auto& address : {endpoint.address, inside}) {
        if (network.takes(address)) {
          return "is at " + address + ", which " + network.name + " " + network.range.text() +
                 " takes; set another one: " + network.attrib;
        }
      }
    }
  }
  if (!node.is_of_kubernetes() || !is_ip_address(inside)) return "";
  if (!is_ipv4_address(inside)) {
    return "is at " + inside +
           ", and Kubernetes' roles need an IPv4 address; give its machine one as "
           "'cluster_address'";
  }
  return "";
}

}  // namespace muster
