#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "inventory/record.h"
#include "provisioner/definition/definition.h"
#include "provisioner/definition/role.h"

namespace muster {

/// The attribs of a definition with every default in place.
struct ClusterSettings {
  std::string version;  ///< "v1.37.2"
  std::string service_cidr;
  std::string pod_cidr;
  int node_prefix = 24;
  int api_port = 6443;
  int balancer_port = 7443;  ///< of the local API load balancer on 127.0.0.1
  std::string dns_domain;
  std::string network_plugin;  ///< "bridge", "none"
  std::string dns_mode;        ///< "coredns", "none"
  std::string bin_dir;
  std::string config_dir;
  std::string cert_dir;
  int log_level = 2;
  int patience = 1;  ///< a factor for what muster waits for on nodes; of no fingerprint
  std::string login_user;
  std::string api_ip;  ///< the first address of service_cidr
  std::string dns_ip;  ///< the tenth address of service_cidr
  ProgramSettings programs;
  /// Every attrib but patience by name (with "-" as "_"), as text: what templates see as
  /// attribs.<name>.
  std::map<std::string, std::string> attribs;
};

/// One machine that the definition asks for.
struct Node {
  std::string name;  ///< a DNS label; also the Kubernetes node name
  std::string fqdn;
  int index = 0;  ///< from 0 in the cluster, in the order of the definition
  std::string
      pod_cidr;  ///< this node's share of the pod network; keeps its value while the node lives
  std::string provider;
  std::string hints;                          ///< merged, JSON text
  std::vector<std::string> roles;             ///< as the definition names them
  std::vector<std::string> all_roles;         ///< with what they need, in the order of applying
  std::map<std::string, std::string> labels;  ///< with those of its machine
  std::map<std::string, std::string> machine_labels;  ///< those of `labels` that are its machine's
  std::vector<std::string> taints;
  /// How its machine is reached, where that is known before the node is made: not a wish.
  std::optional<Endpoint> machine;
  std::string architecture;  ///< of its machine: "amd64", "arm64"; empty: nobody has said yet

  /// Its machine has these labels: they are its own where the definition does not say otherwise.
  void set_machine_labels(const std::map<std::string, std::string>& of_machine);
  bool has_role(const std::string& role) const;
  /// Whether some role makes it a part of a Kubernetes cluster.
  bool is_of_kubernetes() const;
};

/// A secret of a definition as a run uses it.
struct KeptSecret {
  Secret value;
  int version = 0;  ///< grows with each other value: fingerprints have it instead of the secret
};

/// A definition expanded: counts unrolled, defaults resolved, roles ordered.
struct Cluster {
  std::string name;
  std::string tenant;
  bool commit = true;
  ClusterSettings settings;
  std::map<std::string, KeptSecret>
      secrets;  ///< as in Definition::secrets; see operations/definition_secrets.h
  std::map<std::string, std::string> public_keys;
  std::string api_endpoint;
  std::vector<Node> nodes;
  std::vector<std::string> role_order;  ///< role_apply_order as written
  /// False when its roles have nothing of Kubernetes: then its nodes have no pod networks.
  bool kubernetes = true;

  const Node* find(const std::string& node) const;
};

/// Expands `definition`; what can only be seen now (names, sizes, addresses) goes to `diagnostics`.
Cluster expand(const Definition& definition, const std::vector<Role>& roles,
               Diagnostics& diagnostics);

/// Nodes that `record` knows keep the pod network that they have; the others get the first ones
/// free, those of recorded nodes that leave last. Throws Error when none is left.
void keep_pod_cidrs(Cluster& cluster, const DeploymentRecord& record);

}  // namespace muster
