#include "inventory/cluster.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <set>

#include "provisioner/base/error.h"
#include "provisioner/definition/attribs.h"
#include "provisioner/definition/cidr.h"
#include "provisioner/definition/role_graph.h"
#include "tests/definition/support.h"

using namespace muster;
using testing::definition;

namespace {

const std::string kTwoBlocks =
    R"([{"prefix": "c", "roles": ["k8s-addons", "k8s-master", "etcd"], "labels": {"a": "b"},
         "taints": ["k=v:NoSchedule"]},
        {"roles": ["k8s-worker"], "count": 2}])";

/// The cluster of a definition that must be right.
Cluster expanded(const std::string& text, const std::vector<Role>& roles = testing::roles()) {
  auto result = parse_definition("demo.json", text, {}, {roles, {"local", "inventory"}});
  REQUIRE(testing::mistakes(result.diagnostics) == "");
  auto cluster = expand(result.definition, roles, result.diagnostics);
  CHECK(testing::mistakes(result.diagnostics) == "");
  return cluster;
}

std::string names(const Cluster& cluster) {
  std::string out;
  for (const auto& node : cluster.nodes) out += node.name + " ";
  return out;
}

NodeRecord recorded(const std::string& name, const std::string& pod_cidr) {
  NodeRecord node;
  node.name = name;
  node.pod_cidr = pod_cidr;
  return node;
}

/// A cluster of `count` nodes n-001... with the pod network given.
Cluster of_nodes(int count, const std::string& pod_cidr) {
  return expanded(definition("\"attribs\": {\"k8s-kube_pod_subnet\": \"" + pod_cidr + "\"},",
                             R"([{"prefix": "m", "roles": ["etcd", "k8s-master"]},
                             {"prefix": "n", "roles": ["k8s-worker"], "count": )" +
                                 std::to_string(count - 1) + "}]"));
}

}  // namespace

TEST_CASE("cluster: counts are unrolled to nodes with names, in the order of the definition") {
  auto cluster = expanded(definition("\"tld\": \"x.org\",", kTwoBlocks));
  CHECK(names(cluster) == "c-001 demo-02-001 demo-02-002 ");
  CHECK(cluster.nodes[1].fqdn == "demo-02-001.x.org");
  CHECK(cluster.nodes[2].index == 2);
  CHECK(cluster.nodes[0].labels.at("a") == "b");
  CHECK(cluster.nodes[0].taints == std::vector<std::string>{"k=v:NoSchedule"});
  CHECK(cluster.nodes[1].labels.empty());
  CHECK(cluster.find("demo-02-002") == &cluster.nodes[2]);
  CHECK(cluster.find("demo-02-003") == nullptr);
}

TEST_CASE("cluster: a number of more than three digits widens the name") {
  auto cluster = expanded(definition("\"attribs\": {\"k8s-kube_pod_subnet\": \"172.16.0.0/12\"},",
                                     R"([{"prefix": "c", "roles": ["etcd", "k8s-master"]},
          {"prefix": "w", "roles": ["k8s-worker"], "count": 1000}])"));
  CHECK(cluster.nodes.at(999).name == "w-999");
  CHECK(cluster.nodes.at(1000).name == "w-1000");
}

TEST_CASE("cluster: what a definition says of itself is kept") {
  auto cluster =
      expanded(definition("\"tenant\": \"blue\", \"commit\": false, \"api_endpoint\": \"api.x\",\n"
                          "\"role_apply_order\": [\"etcd\", \"k8s-master\"],"));
  CHECK(cluster.name == "demo");
  CHECK(cluster.tenant == "blue");
  CHECK_FALSE(cluster.commit);
  CHECK(cluster.api_endpoint == "api.x");
  CHECK(cluster.role_order == std::vector<std::string>{"etcd", "k8s-master"});
}

TEST_CASE("cluster: roles come with what they need, in the order of applying") {
  auto cluster = expanded(definition("", kTwoBlocks));
  CHECK(cluster.nodes[0].roles == std::vector<std::string>{"k8s-addons", "k8s-master", "etcd"});
  CHECK(cluster.nodes[0].all_roles == std::vector<std::string>{"base", "etcd", "k8s-node",
                                                               "network-bridge", "k8s-master",
                                                               "k8s-addons"});
  CHECK(cluster.nodes[1].all_roles ==
        std::vector<std::string>{"base", "k8s-node", "network-bridge", "k8s-worker"});
  CHECK(cluster.nodes[1].has_role("k8s-node"));
  CHECK_FALSE(cluster.nodes[1].has_role("etcd"));
}

TEST_CASE("cluster: the bridge is for nodes that run pods, and only when it is the plugin") {
  const std::string apart = R"([{"prefix": "e", "roles": ["etcd"]},
                                {"prefix": "m", "roles": ["k8s-master"]}])";
  auto cluster = expanded(definition("", apart));
  CHECK_FALSE(cluster.nodes[0].has_role("network-bridge"));
  CHECK(cluster.nodes[1].has_role("network-bridge"));
  auto none = expanded(definition("\"attribs\": {\"k8s-kube_network_plugin\": \"none\"},", apart));
  CHECK_FALSE(none.nodes[1].has_role("network-bridge"));
}

TEST_CASE("cluster: a node has its network before it is waited for") {
  std::vector<Role> roles = {
      testing::role("base"), testing::role("network-bridge", {"base"}, {}, true),
      testing::role("node-ready", {"base"}, {}, true), testing::role("etcd", {"base"}),
      testing::role("k8s-master", {"node-ready"})};
  CHECK(expanded(definition(), roles).nodes[0].all_roles ==
        std::vector<std::string>{"base", "network-bridge", "etcd", "node-ready", "k8s-master"});
}

TEST_CASE("cluster: role_apply_order orders the roles of a node where their needs leave a choice") {
  std::vector<Role> roles = {testing::role("etcd"), testing::role("k8s-master"),
                             testing::role("extra")};
  const std::string nodes = R"([{"roles": ["etcd", "extra", "k8s-master"]}])";
  CHECK(expanded(definition("", nodes), roles).nodes[0].all_roles ==
        std::vector<std::string>{"etcd", "extra", "k8s-master"});
  CHECK(expanded(definition("\"role_apply_order\": [\"k8s-master\", \"extra\", \"etcd\"],", nodes),
                 roles)
            .nodes[0]
            .all_roles == std::vector<std::string>{"k8s-master", "extra", "etcd"});
}

TEST_CASE("cluster: settings have their defaults") {
  auto settings = expanded(definition()).settings;
  CHECK(settings.version == "v1.37.2");
  CHECK(settings.service_cidr == "10.233.0.0/18");
  CHECK(settings.pod_cidr == "10.233.64.0/18");
  CHECK(settings.node_prefix == 24);
  CHECK(settings.api_port == 6443);
  CHECK(settings.balancer_port == 7443);
  CHECK(settings.dns_domain == "cluster.local");
  CHECK(settings.network_plugin == "bridge");
  CHECK(settings.dns_mode == "coredns");
  CHECK(settings.bin_dir == "/usr/local/bin");
  CHECK(settings.config_dir == "/etc/kubernetes");
  CHECK(settings.cert_dir == "/etc/kubernetes/ssl");
  CHECK(settings.log_level == 2);
  CHECK(settings.patience == 1);
  CHECK(settings.login_user == "muster");
  CHECK(settings.api_ip == "10.233.0.1");
  CHECK(settings.dns_ip == "10.233.0.10");
}

TEST_CASE("cluster: settings follow the attribs, and each other") {
  auto settings =
      expanded(
          definition("\"attribs\": {\"k8s-kube_config_dir\": \"/opt/k\", \"k8s-cluster_name\": "
                     "\"demo.test\", \"k8s-kube_apiserver_port\": 7443,\n"
                     "\"k8s-kube_service_addresses\": \"172.20.16.0/20\", \"k8s-log_level\": "
                     "5, \"k8s-kube_network_node_prefix\": 26,\n"
                     "\"k8s-kube_pods_subnet\": \"172.30.0.0/16\", \"patience\": 4},"))
          .settings;
  CHECK(settings.cert_dir == "/opt/k/ssl");
  CHECK(settings.dns_domain == "demo.test");
  CHECK(settings.api_port == 7443);
  CHECK(settings.balancer_port == 6443);
  CHECK(settings.api_ip == "172.20.16.1");
  CHECK(settings.dns_ip == "172.20.16.10");
  CHECK(settings.log_level == 5);
  CHECK(settings.patience == 4);
  // It is of no fingerprint then, and plans nothing.
  CHECK_FALSE(settings.attribs.contains("patience"));
  CHECK(settings.node_prefix == 26);
  CHECK(settings.pod_cidr == "172.30.0.0/16");
  CHECK(settings.attribs.at("k8s_kube_pod_subnet") == "172.30.0.0/16");
}

TEST_CASE("cluster: templates see every attrib as text, and no secret") {
  auto result = testing::parse(
      definition("\"attribs\": {\"k8s-kube_api_pwd\": \"hunter2\", \"k8s-dns_mode\": \"kubedns\", "
                 "\"k8s-kube_api_anonymous_auth\": true},"));
  auto settings = expand(result.definition, testing::roles(), result.diagnostics).settings;
  for (const auto& rule : attrib_rules()) {
    auto name = rule.name;
    std::replace(name.begin(), name.end(), '-', '_');
    CAPTURE(name);
    CHECK(settings.attribs.contains(name) == (rule.alias_of.empty() && name != "patience"));
  }
  CHECK(settings.attribs.at("k8s_kube_api_pwd") == "");
  CHECK(settings.attribs.at("k8s_kube_api_anonymous_auth") == "true");
  CHECK(settings.attribs.at("k8s_log_level") == "2");
  CHECK(settings.attribs.at("k8s_dns_mode") == "coredns");
  CHECK(settings.dns_mode == "coredns");
}

TEST_CASE("cluster: hints of a block win over the definition's, key by key") {
  auto cluster = expanded(
      definition("\"provider\": {\"name\": \"local\", \"hints\": {\"a\": 1, \"b\": {\"c\": 2}}},",
                 R"([{"roles": ["etcd", "k8s-master"]},
                     {"roles": ["k8s-worker"], "hints": {"b": 3, "d": "e"}},
                     {"roles": ["k8s-worker"], "provider": {"name": "inventory"}}])"));
  CHECK(cluster.nodes[0].hints == R"({"a":1,"b":{"c":2}})");
  CHECK(cluster.nodes[1].hints == R"({"a":1,"b":3,"d":"e"})");
  CHECK(cluster.nodes[1].provider == "local");
  CHECK(cluster.nodes[2].hints == "{}");
  CHECK(cluster.nodes[2].provider == "inventory");
}

TEST_CASE("cluster: each node has its part of the pod network") {
  auto cluster = of_nodes(3, "10.9.0.0/16");
  CHECK(cluster.nodes[0].pod_cidr == "10.9.0.0/24");
  CHECK(cluster.nodes[2].pod_cidr == "10.9.2.0/24");
}

TEST_CASE("cluster: a definition that was not checked gets a mistake, not a wrong network") {
  Definition unchecked = testing::parse(definition()).definition;
  unchecked.attribs = {{"k8s-kube_pod_subnet", {}, Value::of("10.9.0.0/25")}};
  Diagnostics diagnostics;
  expand(unchecked, testing::roles(), diagnostics);
  CHECK(testing::mistakes(diagnostics) ==
        "error: the pod network 10.9.0.0/25 has no room for 1 nodes of /24 each\n");
}

TEST_CASE("pod networks: a node keeps its own, a new one gets the first that is free") {
  auto cluster = of_nodes(4, "10.9.0.0/16");
  DeploymentRecord record;
  record.nodes = {recorded("n-002", "10.9.0.0/24"), recorded("m-001", "10.9.2.0/24"),
                  recorded("gone-001", "10.9.1.0/24")};
  keep_pod_cidrs(cluster, record);
  CHECK(cluster.find("m-001")->pod_cidr == "10.9.2.0/24");
  CHECK(cluster.find("n-002")->pod_cidr == "10.9.0.0/24");
  CHECK(cluster.find("n-001")->pod_cidr == "10.9.3.0/24");
  CHECK(cluster.find("n-003")->pod_cidr == "10.9.4.0/24");
}

TEST_CASE("pod networks: that of a leaving node is taken when nothing else is left") {
  auto cluster = of_nodes(2, "10.9.0.0/23");
  DeploymentRecord record;
  record.nodes = {recorded("m-001", "10.9.0.0/24"), recorded("gone-001", "10.9.1.0/24")};
  keep_pod_cidrs(cluster, record);
  CHECK(cluster.find("n-001")->pod_cidr == "10.9.1.0/24");
}

TEST_CASE("pod networks: a changed prefix leaves recorded nodes alone and nothing overlaps") {
  auto cluster = of_nodes(2, "10.9.0.0/23");
  DeploymentRecord record;
  record.nodes = {recorded("m-001", "10.9.0.0/25")};
  keep_pod_cidrs(cluster, record);
  CHECK(cluster.find("m-001")->pod_cidr == "10.9.0.0/25");
  CHECK(cluster.find("n-001")->pod_cidr == "10.9.1.0/24");
}

TEST_CASE("pod networks: never shared, whatever was recorded") {
  rc::check("pod networks are apart", [] {
    auto count = *rc::gen::inRange(2, 16);
    auto cluster = of_nodes(count, "10.9.0.0/20");
    DeploymentRecord record;
    std::set<int> used;
    for (int i = 0; i < 16; ++i) {
      auto part = *rc::gen::inRange(0, 16);
      if (!used.insert(part).second) continue;
      auto name = "n-0" + std::string(i < 9 ? "0" : "") + std::to_string(i + 1);
      record.nodes.push_back(recorded(name, "10.9." + std::to_string(part) + ".0/24"));
    }
    keep_pod_cidrs(cluster, record);
    std::set<std::string> seen;
    for (const auto& node : cluster.nodes) {
      RC_ASSERT(parse_cidr("10.9.0.0/20")->contains(*parse_cidr(node.pod_cidr)));
      RC_ASSERT(seen.insert(node.pod_cidr).second);
      const auto* known = record.find(node.name);
      if (known != nullptr) RC_ASSERT(known->pod_cidr == node.pod_cidr);
    }
  });
}

TEST_CASE("cluster: a node that names its host is called like it, and its hints name it") {
  auto cluster =
      expanded(definition(R"("provider": {"name": "inventory", "hints": {"file": "h.yaml"}},)",
                          R"([{"prefix": "m", "roles": ["etcd", "k8s-master"], "hosts": ["a"]},
          {"roles": ["k8s-worker"], "hosts": ["b", "c", "d"], "count": 2},
          {"prefix": "w", "roles": ["k8s-worker"]}])"));
  CHECK(names(cluster) == "m-a b c w-001 ");
  CHECK(cluster.nodes[0].hints == R"({"file":"h.yaml","host":"a"})");
  CHECK(cluster.nodes[2].hints == R"({"file":"h.yaml","host":"c"})");
  CHECK(cluster.nodes[3].hints == R"({"file":"h.yaml"})");
}

TEST_CASE(
    "cluster: without a role of Kubernetes nodes have no pod network, however many they are") {
  auto roles = testing::roles();
  roles.push_back(testing::role("web"));
  auto cluster = expanded(definition("", R"([{"roles": ["web"], "count": 2000}])"), roles);
  CHECK_FALSE(cluster.kubernetes);
  CHECK(cluster.nodes[1999].all_roles == std::vector<std::string>{"web"});
  CHECK(cluster.nodes[1999].pod_cidr.empty());
  DeploymentRecord record;
  record.nodes = {recorded("demo-01-001", "")};
  keep_pod_cidrs(cluster, record);
  CHECK(cluster.nodes[0].pod_cidr.empty());
}

TEST_CASE("cluster: a node has its machine's labels, but for those of the definition") {
  Node node;
  node.labels = {{"zone", "mine"}};
  node.set_machine_labels({{"zone", "a"}, {"disk", "ssd"}});
  CHECK(node.labels == std::map<std::string, std::string>{{"disk", "ssd"}, {"zone", "mine"}});
  node.set_machine_labels({{"rack", "7"}});
  CHECK(node.labels == std::map<std::string, std::string>{{"rack", "7"}, {"zone", "mine"}});
  node.set_machine_labels({});
  CHECK(node.labels == std::map<std::string, std::string>{{"zone", "mine"}});
}
