#include "provisioner/definition/attribs.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "tests/definition/support.h"

using namespace muster;
using testing::definition;

namespace {

/// The 47 of Digital Rebar's kubernetes workload.
const std::vector<std::string> kDigitalRebar = {"bootstrap_os",
                                                "bin_dir",
                                                "kube_config_dir",
                                                "kube_script_dir",
                                                "kube_manifest_dir",
                                                "system_namespace",
                                                "kube_cert_dir",
                                                "kube_token_dir",
                                                "kube_users_dir",
                                                "version",
                                                "local_release_dir",
                                                "retry_stagger",
                                                "kube_cert_group",
                                                "log_level",
                                                "kube_api_anonymous_auth",
                                                "kubelet_load_modules",
                                                "kube_api_pwd",
                                                "kube_users",
                                                "cluster_name",
                                                "ndots",
                                                "deploy_netchecker",
                                                "etcd_multiaccess",
                                                "loadbalancer_apiserver_localhost",
                                                "kube_network_plugin",
                                                "kube_service_addresses",
                                                "kube_pod_subnet",
                                                "kube_network_node_prefix",
                                                "kube_apiserver_port",
                                                "kube_apiserver_insecure_port",
                                                "nginx_kube_apiserver_port",
                                                "dashboard_version",
                                                "dns_mode",
                                                "resolvconf_mode",
                                                "dns_forward_max",
                                                "dns_domain",
                                                "docker_version",
                                                "rkt_version",
                                                "etcd_deployment_type",
                                                "kubelet_deployment_type",
                                                "docker_daemon_graph",
                                                "docker_options",
                                                "docker_storage_options",
                                                "image_pull_policy",
                                                "cloud_provider",
                                                "master-network",
                                                "worker-network",
                                                "scope"};

/// A legal value that is not the fallback, as JSON.
std::string other_value(const AttribRule& rule) {
  if (rule.kind == Value::Kind::boolean) return rule.fallback == "true" ? "false" : "true";
  if (rule.kind == Value::Kind::integer) {
    return std::to_string(std::to_string(rule.least) == rule.fallback ? rule.most : rule.least);
  }
  if (rule.kind == Value::Kind::object) return "{}";
  if (!rule.choices.empty()) return "\"" + rule.choices.back() + "\"";
  return "\"something\"";
}

std::string with_attrib(const std::string& name, const std::string& value) {
  return testing::mistakes(definition("\"attribs\": {\"" + name + "\": " + value + "},"));
}

}  // namespace

TEST_CASE("attribs: all 47 of Digital Rebar are known") {
  REQUIRE(kDigitalRebar.size() == 47);
  for (const auto& name : kDigitalRebar) {
    CAPTURE(name);
    CHECK(find_attrib("k8s-" + name) != nullptr);
  }
}

TEST_CASE("attribs: each name is there once") {
  std::set<std::string> names;
  for (const auto& rule : attrib_rules()) CHECK(names.insert(rule.name).second);
  CHECK(names.size() == 51);
}

TEST_CASE("attribs: one without effect says what took its place, unless nothing would change") {
  int replaced = 0;
  for (const auto& rule : attrib_rules()) {
    if (rule.replaced_by.empty()) continue;
    ++replaced;
    CAPTURE(rule.name);
    CHECK(with_attrib(rule.name, other_value(rule)) ==
          "warning 1:14: '" + rule.name + "' has no effect: " + rule.replaced_by + "\n");
    bool text = rule.kind == Value::Kind::string;
    if (!rule.fallback.empty()) {
      CHECK(with_attrib(rule.name, text ? "\"" + rule.fallback + "\"" : rule.fallback) == "");
    }
  }
  CHECK(replaced == 32);
}

TEST_CASE("attribs: every default passes the checks") {
  for (const auto& rule : attrib_rules()) {
    if (rule.fallback.empty()) continue;
    CAPTURE(rule.name);
    bool text = rule.kind == Value::Kind::string;
    CHECK(with_attrib(rule.name, text ? "\"" + rule.fallback + "\"" : rule.fallback) == "");
  }
}

TEST_CASE("attribs: a value of the wrong kind or out of range is refused") {
  for (const auto& rule : attrib_rules()) {
    CAPTURE(rule.name);
    CHECK(with_attrib(rule.name, "[]") == "error 1:" + std::to_string(17 + rule.name.size() + 1) +
                                              ": '" + rule.name + "' must be " +
                                              describe(rule.kind) + ", not a list\n");
    if (rule.kind != Value::Kind::integer) continue;
    auto found = with_attrib(rule.name, std::to_string(rule.most + 1));
    CHECK(found.find("'" + rule.name + "' is " + std::to_string(rule.most + 1) + ", outside ") !=
          std::string::npos);
  }
}

TEST_CASE("attribs: wrong values are refused with what would be right") {
  CHECK(with_attrib("k8s-log_level", "\"3\"") ==
        "error 1:31: 'k8s-log_level' must be a whole number, not a string (remove the quotes)\n");
  CHECK(with_attrib("k8s-dns_mode", "\"coredn\"") ==
        "error 1:30: 'k8s-dns_mode' cannot be 'coredn' (did you mean 'coredns'?)\n");
  CHECK(with_attrib("k8s-cloud_provider", "\"digitalocean\"") ==
        "error 1:36: 'k8s-cloud_provider' cannot be 'digitalocean' "
        "(it can be generic, aws, gce, azure, openstack)\n");
  CHECK(with_attrib("k8s-verson", "\"v1.37.2\"") ==
        "error 1:14: unknown attrib 'k8s-verson' (did you mean 'k8s-version'?)\n");
  CHECK(with_attrib("k8s-bin_dir", "\"/usr/local/$(id)\"") ==
        "error 1:29: 'k8s-bin_dir' '/usr/local/$(id)' must be an absolute path of letters, digits, "
        "'.', '_' and '-'\n");
  CHECK(with_attrib("k8s-bin_dir", "\"/usr/../etc\"") ==
        "error 1:29: 'k8s-bin_dir' '/usr/../etc' must be an absolute path of letters, digits, "
        "'.', '_' and '-'\n");
  CHECK(with_attrib("k8s-cluster_name", "\"Cluster.Local\"") ==
        "error 1:34: 'k8s-cluster_name' 'Cluster.Local' must be a domain such as 'cluster.local', "
        "in lower case (use 'cluster.local')\n");
  CHECK(with_attrib("login_user", "\"a b\"") ==
        "error 1:28: 'login_user' 'a b' must be an account name: lower case letters, digits, '_' "
        "and '-', at most 32\n");
}

TEST_CASE("attribs: releases may be written as numbers and keep their text") {
  auto result = testing::parse(
      "name: demo\nattribs: {k8s-docker_version: 1.10}\n"
      "nodes: [{roles: [etcd, k8s-master]}]\n",
      {}, "demo.yaml");
  CHECK_FALSE(result.diagnostics.has_errors());
  CHECK(attrib_text(result.definition.attribs.at(0).value) == "1.10");
}

TEST_CASE("attribs: a version that cannot be installed is an error beside which a plan is shown") {
  for (std::string version : {"v1.6.0", "v1.20.2", "v1.38.0"}) {
    CAPTURE(version);
    auto result =
        testing::parse(definition("\"attribs\": {\"k8s-version\": \"" + version + "\"},"));
    CHECK(result.diagnostics.has_errors());
    CHECK(result.plannable);
  }
  CHECK(with_attrib("k8s-version", "\"v1.6.0\"") ==
        "error 1:29: Kubernetes v1.6.0 is older than v1.29, the oldest release that muster "
        "installs (use --set attribs.k8s-version=v1.34.4)\n");
  CHECK(with_attrib("k8s-version", "\"v1.20.2\"") ==
        "error 1:29: Kubernetes v1.20.2 is out of support since 2022-02-28: muster still knows "
        "the clusters that it made of it, and makes no new ones "
        "(use --set attribs.k8s-version=v1.37.2)\n");
}

TEST_CASE("attribs: what is no version leaves nothing to plan") {
  auto result = testing::parse(definition("\"attribs\": {\"k8s-version\": \"1.36.3\"},"));
  CHECK(testing::mistakes(result.diagnostics) ==
        "error 1:29: '1.36.3' is no Kubernetes version such as v1.37.2 "
        "(use --set attribs.k8s-version=v1.36.3)\n");
  CHECK_FALSE(result.plannable);
}

TEST_CASE("attribs: a version that is untried or out of support is taken with a warning") {
  auto rules = testing::rules();
  rules.today = "2026-11-30";
  auto said = [&](const std::string& version) {
    auto result = parse_definition(
        "demo.json", definition("\"attribs\": {\"k8s-version\": \"" + version + "\"},"), {}, rules);
    return testing::mistakes(result.diagnostics);
  };
  CHECK(said("v1.37.2") == "");
  CHECK(said("v1.36.9") ==
        "warning 1:29: Kubernetes v1.36.9 is untried: this muster knows v1.36 up to v1.36.4 "
        "(use --set attribs.k8s-version=v1.36.3)\n");
  CHECK(said("v1.35.2") ==
        "warning 1:29: Kubernetes v1.35.2 is untried: muster was tried with v1.35.4 "
        "(use --set attribs.k8s-version=v1.35.4)\n");
  CHECK(said("v1.33.4") ==
        "warning 1:29: Kubernetes v1.33.4 is untried: muster was tried with v1.34.4, v1.35.4, "
        "v1.36.3, v1.37.2 (use --set attribs.k8s-version=v1.37.2)\n"
        "warning 1:29: Kubernetes v1.33 is out of support since 2026-06-28 "
        "(use --set attribs.k8s-version=v1.37.2)\n");
  CHECK(said("v1.34.4") ==
        "warning 1:29: Kubernetes v1.34 is out of support since 2026-10-27 "
        "(use --set attribs.k8s-version=v1.37.2)\n");
}

TEST_CASE("attribs: a network plugin that is not there yet leaves a plan") {
  for (std::string plugin : {"calico", "flannel", "canal", "weave", "cilium", "cloud"}) {
    auto result = testing::parse(
        definition("\"attribs\": {\"k8s-kube_network_plugin\": \"" + plugin + "\"},"));
    CHECK(testing::mistakes(result.diagnostics) ==
          "error 1:41: network plugin '" + plugin +
              "' is not available in this version "
              "(use --set attribs.k8s-kube_network_plugin=bridge)\n");
    CHECK(result.plannable);
  }
  CHECK(with_attrib("k8s-kube_network_plugin", "\"none\"") == "");
}

TEST_CASE("attribs: Digital Rebar's DNS modes mean coredns") {
  CHECK(with_attrib("k8s-dns_mode", "\"dnsmasq_kubedns\"") ==
        "warning 1:30: the DNS mode 'dnsmasq_kubedns' means coredns, which replaced it "
        "(write coredns)\n");
}

TEST_CASE("attribs: kubespray's name of the pod network is another name of ours") {
  auto result =
      testing::parse(definition("\"attribs\": {\"k8s-kube_pods_subnet\": \"10.9.0.0/16\"},"));
  CHECK(testing::mistakes(result.diagnostics) == "");
  CHECK(result.definition.attribs.at(0).key == "k8s-kube_pod_subnet");
  CHECK(testing::mistakes(definition("\"attribs\": {\"k8s-kube_pods_subnet\": \"10.9.0.0/16\","
                                     "\"k8s-kube_pod_subnet\": \"10.9.0.0/16\"},")) ==
        "error 1:14: 'k8s-kube_pods_subnet' is another name of 'k8s-kube_pod_subnet', which is set "
        "too (remove one of them)\n");
}

TEST_CASE("attribs: passwords are crossed out in what is shown and recorded") {
  auto result =
      testing::parse(definition("\"attribs\": {\"k8s-kube_api_pwd\": \"hun\\\"ter2\",\n"
                                "\"k8s-kube_users\": {\"root\": {\"pass\": \"hunter3\"}}},"));
  CHECK(result.text.find("hun") == std::string::npos);
  CHECK(result.diagnostics.render().find("hun") == std::string::npos);
  CHECK(result.text.find("\"k8s-kube_api_pwd\": \"xxxxxxxxx\",") != std::string::npos);
  CHECK(result.text.find("\"pass\": \"xxxxxxx\"") != std::string::npos);
}

TEST_CASE("attribs: passwords in YAML are crossed out however they are written") {
  for (std::string value : {"hunter2", "'hunter2'", "\"hunter2\"", ">\n    hunter2\n    hunter3",
                            "hunter2\n    hunter3", "|\n    hunter2"}) {
    CAPTURE(value);
    auto result = testing::parse("name: demo\nattribs:\n  k8s-kube_api_pwd: " + value +
                                     "\nnodes: [{roles: [etcd, k8s-master]}]\n",
                                 {}, "demo.yaml");
    CHECK_FALSE(result.diagnostics.has_errors());
    CHECK(result.text.find("hunter") == std::string::npos);
    CHECK(testing::mistakes(result.text, {}, "demo.yaml") == testing::mistakes(result.diagnostics));
  }
}
