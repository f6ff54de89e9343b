#include "provisioner/operations/smoke_test.h"

#include <doctest/doctest.h>

#include "provisioner/operations/control_plane.h"
#include "provisioner/operations/passing_identity.h"
#include "provisioner/operations/test_mirror.h"
#include "provisioner/pki/pki.h"

using namespace muster;

namespace {

Role pod_network(const std::string& name, std::optional<bool> enforces) {
  Role role;
  role.name = name;
  role.enforces_network_policies = enforces;
  return role;
}

Cluster cluster_with(const std::vector<std::string>& roles) {
  Cluster cluster;
  cluster.settings.version = "v1.37.2";
  cluster.nodes.resize(2);
  cluster.nodes.back().all_roles = roles;
  return cluster;
}

}  // namespace

TEST_CASE("smoke test: nodes are read out of what the case prints") {
  auto nodes = seen_nodes(
      "$ kubectl get nodes -o jsonpath={range}{\"|\"}{\"|\"}{\"|\"}{\"|\"}\n"
      "cp-1|True||node-role.kubernetes.io/master=NoSchedule,|KubeletReady: fine\n"
      "w-1|True|||KubeletReady: fine\n"
      "w-2|False||node.kubernetes.io/not-ready=NoExecute,|KubeletNotReady: no network\n"
      "w-3|True|true||KubeletReady: fine\n"
      "w-4|True||prefer=PreferNoSchedule,|KubeletReady: fine | with a bar\n"
      "=> not Ready: w-2\n");
  REQUIRE(nodes.size() == 5);
  CHECK(nodes[0].name == "cp-1");
  CHECK_FALSE(nodes[0].schedulable);  // tainted
  CHECK(nodes[1].schedulable);
  CHECK_FALSE(nodes[2].schedulable);  // not Ready
  CHECK_FALSE(nodes[3].schedulable);  // cordoned
  CHECK(nodes[4].schedulable);
}

TEST_CASE("smoke test: names that are none are passed over") {
  CHECK(seen_nodes("$(reboot)|True|||x\nA\"B|True|||x\n|True|||x\nw 1|True|||x\n").empty());
  CHECK(seen_nodes("").empty());
}

TEST_CASE("smoke test: NetworkPolicies are tried where a role of the nodes says that it enforces") {
  const std::vector<Role> roles{pod_network("base", {}), pod_network("bridge", false),
                                pod_network("felix", true)};
  CHECK(why_no_policies(cluster_with({"base", "felix"}), roles) == "");
  CHECK(why_no_policies(cluster_with({"base", "bridge", "felix"}), roles) == "");
  CHECK(why_no_policies(cluster_with({"base", "bridge"}), roles) ==
        "the pod network of the role 'bridge' does not enforce NetworkPolicies");
  CHECK(why_no_policies(cluster_with({"base"}), roles) ==
        "no role says that its pod network enforces NetworkPolicies");
}

TEST_CASE(
    "smoke test: each registry with mirrors has an image that muster knows, or that pods run") {
  auto cluster = cluster_with({});
  auto& registries = cluster.settings.programs.registries;
  registries["docker.io"].mirrors = {"http://10.0.0.9"};
  registries["registry.k8s.io"].mirrors = {"http://10.0.0.9", "http://10.0.0.8"};
  registries["quay.io"].mirrors = {"http://10.0.0.9"};
  registries["ghcr.io"].mirrors = {"http://10.0.0.9"};
  registries["*"].mirrors = {"http://10.0.0.7"};
  registries["10.0.0.9"].username = "ann";
  std::string asked;
  auto image_from = [&](const std::string& registry) {
    asked += registry + " ";
    return registry == "quay.io" ? "quay.io/team/app:1" : "";
  };
  std::string found;
  for (const auto& one : mirrored_images(cluster, image_from)) {
    found += one.registry + "=" + one.image + " " + std::to_string(one.mirrors.size()) + "\n";
  }
  CHECK(found ==
        "*= 1\n"
        "docker.io=docker.io/library/busybox:1.35 1\n"
        "ghcr.io= 1\n"
        "quay.io=quay.io/team/app:1 1\n"
        "registry.k8s.io=registry.k8s.io/pause:3.10.2 2\n");
  CHECK(asked == "ghcr.io quay.io ");
  registries.erase("docker.io");
  CHECK(mirrored_images(cluster, image_from).front().image == "docker.io/library/busybox:1.35");
}

TEST_CASE("smoke test: a script's own word on why it failed comes before what it said last") {
  CHECK(reason_in("$ kubectl get x\n=> first\n=> no answer\nexit 1\n\n") == "no answer");
  CHECK(reason_in("$ kubectl get x\nnot found\n$ kubectl get y\n") == "not found");
  CHECK(reason_in("") == "");
}

TEST_CASE(
    "smoke test: the server of one test has a certificate of its own authority, for its name") {
  auto one = make_passing_identity("aggregated.muster-test-1.svc");
  auto other = make_passing_identity("aggregated.muster-test-1.svc");
  CHECK(is_signed_by(one.server.reveal(), one.authority));
  CHECK_FALSE(is_signed_by(one.server.reveal(), other.authority));
  CHECK(certificate_facts(one.server.reveal())->common_name == "aggregated.muster-test-1.svc");
  CHECK(one.server.reveal().find("PRIVATE KEY") != std::string::npos);
  CHECK(one.authority.find("PRIVATE KEY") == std::string::npos);
}
