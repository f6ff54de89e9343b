#include "provisioner/operations/places.h"

#include <set>
#include <utility>

#include "inventory/address.h"
#include "inventory/hosts.h"
#include "inventory/index.h"
#include "inventory/networks.h"
#include "provisioner/run/access.h"

namespace muster {

namespace {

/// Where the definition asks for each node, in their order.
std::vector<Position> positions_of(const Definition& definition) {
  std::vector<Position> positions;
  for (const auto& block : definition.nodes) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(block.count); ++i) {
      positions.push_back(i < block.host_positions.size() ? block.host_positions[i] : block.at);
    }
  }
  return positions;
}

class Places {
 public:
  Places(const World& world, const Definition& definition, const Cluster& cluster,
         const DeploymentRecord* record, Diagnostics& diagnostics)
      : world_(world),
        definition_(definition),
        cluster_(cluster),
        recorded_(record != nullptr ? index_of(*record) : RecordIndex{}),
        positions_(positions_of(definition)),
        diagnostics_(diagnostics) {}

  void check() {
    for (std::size_t i = 0; i < cluster_.nodes.size(); ++i) look_at(cluster_.nodes[i], at(i));
    if (!cluster_.kubernetes) return;
    if (auto end = cluster_.api_endpoint.rfind(':'); !cluster_.api_endpoint.empty()) {
      add(cluster_.api_endpoint.substr(0, end), "the host of 'api_endpoint'", {}, false);
    }
    check_networks(definition_, cluster_.settings, places_, diagnostics_);
  }

 private:
  Position at(std::size_t node) const {
    return node < positions_.size() ? positions_[node] : Position{};
  }

  void add(const std::string& place, std::string what, Position at, bool in_use) {
    places_.push_back({place, std::move(what), at, in_use});
  }

  void look_at(const Node& node, Position at) {
    const auto* known = find_in(recorded_, node.name);
    const bool exists = known != nullptr && known->is_there();
    const bool in_use = exists && !known->roles.empty();
    const auto& endpoint = exists ? std::optional(known->endpoint) : node.machine;
    if (!endpoint) return add_network(node, at);
    const auto whose = " of node '" + node.name + "'";
    add(endpoint->address, "the address" + whose, at, in_use);
    if (endpoint->in_cluster() != endpoint->address) {
      add(endpoint->in_cluster(), "the cluster_address" + whose, at, in_use);
    }
    if (auto bastion = parse_bastion(endpoint->bastion)) {
      add(bastion->address, "the bastion" + whose, at, in_use);
    }
    if (node.is_of_kubernetes() && !exists) check_address(node, endpoint->in_cluster(), at);
  }

  void check_address(const Node& node, const std::string& inside, Position at) {
    if (!is_ip_address(inside)) return;
    if (!is_ipv4_address(inside)) {
      diagnostics_.error(
          at, "node '" + node.name + "' is at " + inside + ", and its roles need an IPv4 address",
          "give its host one as 'cluster_address', at which the other nodes find it");
      return;
    }
    auto [first, fresh] = inside_.emplace(inside, &node);
    // Of this machine's own addresses tests make many hosts.
    if (fresh || !address_fault(inside).empty()) return;
    diagnostics_.error(
        at,
        "nodes '" + first->second->name + "' and '" + node.name + "' would both be at " + inside,
        "give each host a 'cluster_address' of its own");
  }

  /// Where nothing is known of the machine, something may be of its network.
  void add_network(const Node& node, Position at) {
    if (!asked_.insert({node.provider, node.hints}).second) return;
    auto* provider = world_.providers->find(node.provider);
    if (provider == nullptr) return;
    NodeSpec spec;
    spec.name = node.name;
    spec.deployment = cluster_.name;
    spec.tenant = cluster_.tenant;
    spec.hints = node.hints;
    if (world_.store != nullptr) spec.tag = deployment_tag(*world_.store, cluster_.name);
    auto network = provider->network_of(spec);
    if (network) add(*network, "the network of provider '" + node.provider + "'", at, false);
  }

  const World& world_;
  const Definition& definition_;
  const Cluster& cluster_;
  const RecordIndex recorded_;
  const std::vector<Position> positions_;
  Diagnostics& diagnostics_;
  std::vector<KnownPlace> places_;
  std::map<std::string, const Node*> inside_;
  std::set<std::pair<std::string, std::string>> asked_;
};

}  // namespace

void check_places(const World& world, const Definition& definition, const Cluster& cluster,
                  const DeploymentRecord* record, Diagnostics& diagnostics) {
  Places(world, definition, cluster, record, diagnostics).check();
}

}  // namespace muster
