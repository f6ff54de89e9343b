#include "inventory/cluster.h"

#include <algorithm>
#include <array>

#include "inventory/settings.h"
#include "provisioner/base/text.h"
#include "provisioner/definition/cidr.h"
#include "provisioner/definition/expansion.h"
#include "provisioner/definition/role_graph.h"

namespace muster {

namespace {

constexpr const char* kBridgeRole = "network-bridge";
/// Whose programs need what these bring.
constexpr const char* kRuntimeRole = "container-runtime";
constexpr const char* kProxyRole = "proxy";
constexpr const char* kRegistriesRole = "registries";

bool holds(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void put_over(Value& merged, const Value& hints) {
  for (const auto& member : hints.members) {
    std::erase_if(merged.members,
                  [&](const Value::Member& earlier) { return earlier.key == member.key; });
    merged.members.push_back(member);
  }
}

/// The block's hints over the definition's over the provider's own, key by key; those of another
/// provider do not count.
Value merge_hints(const ProviderChoice& general, const std::optional<ProviderChoice>& own) {
  Value merged;
  merged.kind = Value::Kind::object;
  put_over(merged, own ? own->defaults : general.defaults);
  if (!own || own->name == general.name) put_over(merged, general.hints);
  if (own) put_over(merged, own->hints);
  return merged;
}

/// With the host that is to be this node, for the provider that has hosts.
std::string hints_with_host(Value hints, const std::string& host) {
  std::erase_if(hints.members, [](const Value::Member& member) { return member.key == "host"; });
  hints.members.push_back({"host", {}, Value::of(host)});
  return to_json(hints);
}

/// The roles for what is outside, where containers run.
void add_outside(std::vector<std::string>& wanted, const ProgramSettings& programs,
                 const std::vector<Role>& roles) {
  if (!holds(with_needs(wanted, roles), kRuntimeRole)) return;
  if (programs.proxy.wanted) wanted.emplace_back(kProxyRole);
  if (!programs.registries.empty()) wanted.emplace_back(kRegistriesRole);
}

/// The roles of a node with all that they need, in the order of applying.
std::vector<std::string> resolve_roles(const NodeBlock& block, const ClusterSettings& settings,
                                       const std::vector<Role>& roles, const Definition& definition,
                                       Diagnostics& diagnostics) {
  auto wanted = block.roles;
  bool runs_pods = holds(wanted, "k8s-master") || holds(wanted, "k8s-worker");
  // First, as early as its needs allow: a kubelet is not ready before its node has a network.
  if (settings.network_plugin == "bridge" && runs_pods) wanted.insert(wanted.begin(), kBridgeRole);
  add_outside(wanted, settings.programs, roles);
  auto order = order_roles(with_needs(wanted, roles), roles, definition.role_apply_order);
  if (!order.cycle.empty()) {
    diagnostics.error(block.at,
                      "the roles wait for each other: '" + join(order.cycle, "' for '") + "'");
  }
  return order.order;
}

Node block_node(const Definition& definition, const NodeBlock& block) {
  Node node;
  node.provider = block.provider ? block.provider->name : definition.provider.name;
  node.roles = block.roles;
  node.labels = block.labels;
  node.taints = block.taints;
  return node;
}

void share_pod_network(Cluster& cluster, Diagnostics& diagnostics) {
  auto pods = parse_cidr(cluster.settings.pod_cidr);
  auto bits = cluster.settings.node_prefix;
  if (!pods || bits < pods->bits || bits > 32 ||
      std::uint64_t{1} << (bits - pods->bits) < cluster.nodes.size()) {
    diagnostics.error({}, "the pod network " + cluster.settings.pod_cidr + " has no room for " +
                              std::to_string(cluster.nodes.size()) + " nodes of /" +
                              std::to_string(bits) + " each");
    return;
  }
  for (std::size_t i = 0; i < cluster.nodes.size(); ++i) {
    cluster.nodes[i].pod_cidr = pods->part(i, bits).text();
  }
}

}  // namespace

bool Node::has_role(const std::string& role) const { return holds(all_roles, role); }

bool Node::is_of_kubernetes() const {
  constexpr std::array kMarks{"container-runtime", "etcd", "kube-control-plane", "kube-node"};
  return std::ranges::any_of(kMarks, [this](const char* role) { return has_role(role); });
}

void Node::set_machine_labels(const std::map<std::string, std::string>& of_machine) {
  for (const auto& [key, value] : machine_labels) labels.erase(key);
  machine_labels.clear();
  for (const auto& [key, value] : of_machine) {
    if (labels.emplace(key, value).second) machine_labels[key] = value;
  }
}

const Node* Cluster::find(const std::string& node) const {
  auto found = std::find_if(nodes.begin(), nodes.end(),
                            [&](const Node& candidate) { return candidate.name == node; });
  return found == nodes.end() ? nullptr : &*found;
}

Cluster expand(const Definition& definition, const std::vector<Role>& roles,
               Diagnostics& diagnostics) {
  Cluster cluster;
  cluster.name = definition.name;
  cluster.tenant = definition.tenant;
  cluster.commit = definition.commit;
  cluster.settings = settings_of(definition);
  cluster.public_keys = definition.public_keys;
  cluster.api_endpoint = definition.api_endpoint;
  cluster.role_order = definition.role_apply_order;
  for (std::size_t i = 0; i < definition.nodes.size(); ++i) {
    const auto& block = definition.nodes[i];
    auto node = block_node(definition, block);
    node.all_roles = resolve_roles(block, cluster.settings, roles, definition, diagnostics);
    const auto hints = merge_hints(definition.provider, block.provider);
    const auto& chosen = block.provider ? *block.provider : definition.provider;
    const bool hosts = !block.hosts.empty() && kind_of(chosen) == "inventory";
    node.hints = to_json(hints);
    for (int number = 1; number <= block.count; ++number) {
      node.name = block_node_name(definition, i, number);
      if (hosts) {
        node.hints = hints_with_host(hints, block.hosts[static_cast<std::size_t>(number) - 1]);
      }
      node.fqdn = node.name + "." + definition.tld;
      node.index = static_cast<int>(cluster.nodes.size());
      cluster.nodes.push_back(node);
    }
  }
  cluster.kubernetes = makes_kubernetes(definition, roles);
  if (cluster.kubernetes) share_pod_network(cluster, diagnostics);
  return cluster;
}

}  // namespace muster
