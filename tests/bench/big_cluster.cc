#include "tests/bench/big_cluster.h"

#include <stdexcept>

#include "provisioner/definition/definition.h"
#include "provisioner/plan/fingerprints.h"

namespace muster::bench {

std::string big_definition(int nodes) {
  return R"({
  "name": "big",
  "provider": {"name": "local"},
  "attribs": {
    "k8s-kube_network_plugin": "none",
    "k8s-kube_service_addresses": "10.1.0.0/16",
    "k8s-kube_pod_subnet": "100.64.0.0/10"
  },
  "nodes": [
    {"prefix": "big-control", "roles": ["etcd", "k8s-master"], "count": 3},
    {"prefix": "big-worker", "roles": ["k8s-worker"], "count": )" +
         std::to_string(nodes - 3) + "}\n  ]\n}\n";
}

Cluster expand_text(const std::string& definition, const std::vector<Role>& roles) {
  auto read = parse_definition("big.json", definition, {}, {roles, {"local"}});
  auto cluster = expand(read.definition, roles, read.diagnostics);
  if (read.diagnostics.has_errors()) throw std::runtime_error(read.diagnostics.render());
  return cluster;
}

Cluster flat_cluster(int nodes, const Role& role) {
  Cluster cluster;
  cluster.name = "flat";
  cluster.tenant = "default";
  for (int i = 0; i < nodes; ++i) {
    Node node;
    node.name = "host-" + std::to_string(i);
    node.fqdn = node.name + ".flat.cloud";
    node.index = i;
    node.provider = "local";
    node.roles = node.all_roles = {role.name};
    cluster.nodes.push_back(node);
  }
  return cluster;
}

DeploymentRecord record_of(const Cluster& cluster, const std::vector<Role>& roles) {
  DeploymentRecord record;
  record.name = cluster.name;
  record.tenant = cluster.tenant;
  record.revision = 1;
  record.applied = true;
  Fingerprints fingerprints(cluster, nullptr);
  for (const auto& node : cluster.nodes) {
    NodeRecord known;
    known.name = node.name;
    known.provider = node.provider;
    known.token = "big-0123456789abcdef-" + node.name;
    known.handle = node.name;
    known.state = NodeState::ready;
    known.endpoint.address =
        "10.200." + std::to_string(node.index / 250) + "." + std::to_string(node.index % 250 + 1);
    known.endpoint.host_key = "ssh-ed25519 " + std::string(68, 'A');
    known.pod_cidr = node.pod_cidr;
    known.wanted_roles = node.roles;
    for (const auto& name : node.all_roles) {
      known.roles.push_back({name, fingerprints.of(node, *find_role(roles, name))});
    }
    record.nodes.push_back(std::move(known));
  }
  return record;
}

}  // namespace muster::bench
