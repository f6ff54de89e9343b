#include "inventory/networks.h"

#include <doctest/doctest.h>

#include "tests/definition/support.h"

using namespace muster;
using testing::definition;

namespace {

const std::string kNodes = R"([{"roles": ["etcd", "k8s-master"]}, {"roles": ["k8s-worker"]}])";

/// What is said of these places, the definition being one with these attribs.
std::string said(const std::string& attribs, const std::vector<KnownPlace>& places) {
  auto roles = testing::roles();
  auto read = parse_definition("demo.json", definition(attribs, kNodes), {}, {roles, {"local"}});
  REQUIRE(testing::mistakes(read.diagnostics) == "");
  auto cluster = expand(read.definition, roles, read.diagnostics);
  check_networks(read.definition, cluster.settings, places, read.diagnostics);
  return testing::mistakes(read.diagnostics);
}

}  // namespace

TEST_CASE("networks: one that takes the address of a node is a mistake where it is written") {
  const std::string pods = "\"attribs\": {\"k8s-kube_pod_subnet\": \"10.0.0.0/16\"},";
  CHECK(
      said(pods, {{"10.0.0.11", "the address of node 'm'", {3, 1}},
                  {"10.0.0.12", "the address of node 'w'", {4, 1}},
                  {"10.1.0.12", "the address of node 'x'", {5, 1}}}) ==
      "error 1:37: the pod network 10.0.0.0/16 takes 10.0.0.11, the address of node 'm' and 1 "
      "other (nodes send what is for that network to pods and Services only: use another one, e.g. "
      "--set attribs.k8s-kube_pod_subnet=10.128.0.0/16)\n");
  CHECK(said(pods, {{"10.1.0.11", "the address of node 'm'", {3, 1}},
                    {"web.example", "the address of node 'w'", {4, 1}},
                    {"fd00::1", "the address of node 'x'", {5, 1}}}) == "");
}

TEST_CASE("networks: the defaults are looked at too, with the place of the node") {
  CHECK(
      said("", {{"10.233.1.1", "the address of node 'm'", {7, 3}}}) ==
      "error 7:3: the Service network 10.233.0.0/18 takes 10.233.1.1, the address of node 'm' "
      "(nodes send what is for that network to pods and Services only: use another one, e.g. --set "
      "attribs.k8s-kube_service_addresses=10.128.0.0/18)\n");
  CHECK(said("", {{"10.233.65.0/24", "the network of provider 'local'", {7, 3}}}) ==
        "error 7:3: the pod network 10.233.64.0/18 takes 10.233.65.0/24, the network of provider "
        "'local' (nodes send what is for that network to pods and Services only: use another one, "
        "e.g. --set attribs.k8s-kube_pod_subnet=10.128.0.0/18)\n");
}

TEST_CASE("networks: what a cluster runs with already is a warning, and the free range is free") {
  CHECK(
      said("", {{"10.233.64.9", "the address of node 'm'", {7, 3}, true},
                {"10.128.0.0/10", "the network of provider 'local'", {8, 3}}}) ==
      "warning 7:3: the pod network 10.233.64.0/18 takes 10.233.64.9, the address of node 'm' "
      "(nodes send what is for that network to pods and Services only: use another one, e.g. --set "
      "attribs.k8s-kube_pod_subnet=10.192.0.0/18)\n");
}

TEST_CASE("networks: a node that comes up at an address that it cannot have says why") {
  Cluster cluster;
  cluster.settings.pod_cidr = "10.233.64.0/18";
  cluster.settings.service_cidr = "10.233.0.0/18";
  Node node;
  node.all_roles = {"base", "etcd"};
  Endpoint endpoint;
  endpoint.address = "10.0.0.1";
  CHECK(address_mistake(cluster, node, endpoint) == "");
  endpoint.cluster_address = "10.233.0.5";
  CHECK(address_mistake(cluster, node, endpoint) ==
        "is at 10.233.0.5, which the Service network 10.233.0.0/18 takes; set another one: "
        "k8s-kube_service_addresses");
  endpoint.cluster_address = "fd77::13";
  CHECK(address_mistake(cluster, node, endpoint) ==
        "is at fd77::13, and Kubernetes' roles need an IPv4 address; give its machine one as "
        "'cluster_address'");
  node.all_roles = {"base"};
  CHECK(address_mistake(cluster, node, endpoint) == "");
  cluster.kubernetes = false;
  endpoint.cluster_address = "10.233.0.5";
  CHECK(address_mistake(cluster, node, endpoint) == "");
}
