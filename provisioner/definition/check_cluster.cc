#include <algorithm>
#include <array>

#include "provisioner/base/text.h"
#include "provisioner/definition/attribs.h"
#include "provisioner/definition/check.h"
#include "provisioner/definition/expansion.h"
#include "provisioner/definition/role_graph.h"

namespace muster {

namespace {

constexpr const char* kServices = "k8s-kube_service_addresses";
constexpr const char* kPods = "k8s-kube_pod_subnet";
constexpr const char* kNodePrefix = "k8s-kube_network_node_prefix";
constexpr const char* kApiPort = "k8s-kube_apiserver_port";

/// Ports of nodes that something else listens on.
struct UsedPort {
  int port;
  std::string_view owner;
};
constexpr std::array<UsedPort, 8> kUsedPorts = {{{22, "SSH"},
                                                 {2379, "etcd"},
                                                 {2380, "etcd"},
                                                 {10248, "the kubelet"},
                                                 {10250, "the kubelet"},
                                                 {10256, "kube-proxy"},
                                                 {10257, "kube-controller-manager"},
                                                 {10259, "kube-scheduler"}}};

}  // namespace

Value Checker::attrib(const std::string& name) const {
  for (const auto& member : definition_.attribs) {
    if (member.key == name) return member.value;
  }
  const auto* rule = find_attrib(name);
  return attrib_value(*rule, rule->fallback);
}

std::optional<Cidr> Checker::network(const std::string& attrib_name) const {
  return parse_cidr(attrib(attrib_name).text);
}

std::int64_t Checker::nodes_with(const std::string& role) const {
  std::int64_t count = 0;
  for (const auto& block : definition_.nodes) {
    if (std::find(block.roles.begin(), block.roles.end(), role) != block.roles.end()) {
      count += block.count;
    }
  }
  return count;
}

std::int64_t Checker::node_count() const {
  std::int64_t count = 0;
  for (const auto& block : definition_.nodes) count += block.count;
  return count;
}

void Checker::check_cluster(const Value& root) {
  const auto* nodes = get(root, top_keys(), "nodes");
  const bool cluster = bad_roles_ || makes_kubernetes(definition_, rules_.roles);
  if (nodes != nullptr && !nodes->items.empty() && !bad_roles_) {
    if (cluster) check_members(nodes->at);
    check_order(root);
  }
  if (!cluster) return;
  check_networks();
  check_ports();
}

void Checker::check_members(Position nodes) {
  for (const char* role : {"etcd", "k8s-master"}) {
    if (nodes_with(role) == 0) {
      error(nodes, std::string("no node has the role '") + role + "'",
            "a cluster needs both 'etcd' and 'k8s-master'");
    }
  }
  auto members = nodes_with("etcd");
  if (members > 0 && members % 2 == 0) {
    Position at = nodes;
    for (const auto& block : definition_.nodes) {
      for (std::size_t i = 0; i < block.roles.size(); ++i) {
        if (block.roles[i] == "etcd") at = block.role_positions[i];
      }
    }
    flaw(at,
         std::to_string(members) + " etcd members: an even number survives no more failures than " +
             std::to_string(members - 1),
         "use 1, 3 or 5");
  }
}

void Checker::check_networks() {
  auto services = network(kServices);
  auto pods = network(kPods);
  auto pods_at = attrib(kPods).at;
  auto prefix_value = attrib(kNodePrefix);
  if (services && pods && services->overlaps(*pods)) {
    flaw(pods_at.line > 0 || pods_at.column > 0 ? pods_at : attrib(kServices).at,
         "the pod network " + pods->text() + " overlaps the Service network " + services->text(),
         std::string("give one of them another range: ") + kPods + " or " + kServices);
  }
  const auto* rule = find_attrib(kNodePrefix);
  auto prefix = prefix_value.integer;
  if (!pods || prefix < rule->least || prefix > rule->most) return;
  auto bits = static_cast<int>(prefix);
  auto room = bits < pods->bits ? 0 : std::int64_t{1} << (bits - pods->bits);
  if (room >= node_count()) return;
  auto at = pods_at.line > 0 || pods_at.column > 0 ? pods_at : prefix_value.at;
  error(at,
        "the pod network " + pods->text() + " is too small: with a /" + std::to_string(bits) +
            " each it holds " + std::to_string(room) + " of the " + std::to_string(node_count()) +
            " nodes",
        std::string("use a larger ") + kPods + " or a longer " + kNodePrefix);
}

void Checker::check_ports() {
  for (const char* name : {kApiPort, "k8s-nginx_kube_apiserver_port"}) {
    auto value = attrib(name);
    auto used = std::find_if(kUsedPorts.begin(), kUsedPorts.end(),
                             [&](const UsedPort& port) { return port.port == value.integer; });
    if (used == kUsedPorts.end()) continue;
    error(value.at, std::string("'") + name + "' cannot be " + std::to_string(value.integer) +
                        ": " + std::string(used->owner) + " listens there");
  }
  auto balancer = attrib("k8s-nginx_kube_apiserver_port");
  if (balancer.at.line != 0 || balancer.at.column != 0) {
    if (balancer.integer == attrib(kApiPort).integer) {
      warn(balancer.at, "the balancer cannot use the API's own port " +
                            std::to_string(balancer.integer) + " on masters: it uses " +
                            std::to_string(balancer_port(balancer.integer, balancer.integer)));
    }
  }
}

void Checker::check_order(const Value& root) {
  std::vector<std::string> named;
  for (const auto& block : definition_.nodes) {
    named.insert(named.end(), block.roles.begin(), block.roles.end());
  }
  auto all = with_needs(named, rules_.roles);
  auto order = order_roles(all, rules_.roles, definition_.role_apply_order);
  if (!order.cycle.empty()) {
    error({}, "the roles wait for each other: '" + join(order.cycle, "' for '") + "'",
          "change 'needs', 'after', 'after_one' or 'before' of one of them, in its role.yaml");
  }
  for (const auto& pair : order.contrary) {
    for (const auto& item : root.find("role_apply_order")->items) {
      if (item.text != pair.second) continue;
      warn(item.at, "'role_apply_order' lists '" + pair.second + "' after '" + pair.first +
                        "', which waits for it: the roles' own order holds");
    }
  }
}

}  // namespace muster
