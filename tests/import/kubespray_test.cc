// Inventories of Kubespray's in the forms that it has had, imported whole.
#include "provisioner/import/kubespray.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "inventory/cluster.h"
#include "inventory/hosts.h"
#include "provisioner/base/files.h"
#include "provisioner/base/text.h"
#include "provisioner/definition/definition.h"
#include "tests/support/folder.h"
#include "tests/support/golden.h"

using namespace muster;

namespace {

namespace fs = std::filesystem;

const fs::path kSource = MUSTER_SOURCE_DIR;

/// Goes to a folder, and back at its end: what is read is shown as it was named.
class Inside {
 public:
  explicit Inside(const fs::path& folder) : before_(fs::current_path()) {
    fs::current_path(folder);
  }
  ~Inside() { fs::current_path(before_); }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

 private:
  fs::path before_;
};

/// Of one inventory in INI form.
KubesprayImport import_text(const std::string& text, const KubesprayOptions& options = {}) {
  TestFolder folder;
  write_file(folder / "hosts.ini", text);
  return import_kubespray(folder / "hosts.ini", options);
}

DefinitionResult definition_of(const KubesprayImport& imported) {
  static const auto roles = load_roles({});
  return parse_definition("cluster.json", imported.definition, {}, {roles, {"inventory"}});
}

constexpr const char* kSmall = "[kube_control_plane]\na\n[etcd]\na\n[kube_node]\nb\n";

}  // namespace

TEST_CASE("kubespray: inventories of all ages become definitions that are right") {
  const Inside inventories(kSource / "tests/import/inventories");
  for (std::string name : {"today", "flat", "old", "builder"}) {
    CAPTURE(name);
    auto imported = import_kubespray(name, {});
    CHECK(join(imported.errors, "\n") == "");
    CHECK(imported.mistakes == "");
    CHECK(imported.name == name);
    const auto golden = kSource / "tests/import/golden";
    testing::check_golden(golden / (name + ".json"), imported.definition);
    testing::check_golden(golden / (name + ".yaml"), imported.hosts);
    testing::check_golden(golden / (name + ".txt"), imported.report.text());

    auto hosts = parse_hosts("hosts.yaml", imported.hosts);
    CHECK(hosts.diagnostics.render() == "");
    auto result = definition_of(imported);
    CHECK(result.diagnostics.render() == "");
    auto cluster = expand(result.definition, load_roles({}), result.diagnostics);
    CHECK(cluster.nodes.size() == hosts.hosts.size());
  }
}

TEST_CASE("kubespray: nothing of a secret is in what an import makes") {
  const Inside inventories(kSource / "tests/import/inventories");
  for (std::string name : {"today", "old"}) {
    auto imported = import_kubespray(name, {});
    auto all = imported.definition + imported.hosts + imported.report.text();
    CHECK(all.find("not to be shown") == std::string::npos);
    CHECK(all.find("do-not-show-this") == std::string::npos);
    CHECK(all.find("62313365") == std::string::npos);
  }
}

TEST_CASE("kubespray: a group that Kubespray does not know is an error, all of them at once") {
  auto imported =
      import_text("[kube_control_plane]\na\n[etcd]\na\n[kube_nodes]\nb\nc\n[rack-1]\na\n");
  REQUIRE(imported.errors.size() == 2);
  CHECK(imported.errors[0] ==
        "the group 'kube_nodes' (2 hosts) means nothing to Kubespray: did you mean 'kube_node'?");
  CHECK(imported.errors[1] == "the group 'rack-1' (1 host) means nothing to Kubespray");
  REQUIRE(imported.hints.size() == 1);
  CHECK(imported.hints[0].ends_with(" --allow-group kube_nodes --allow-group rack-1"));
  CHECK(imported.definition.empty());
  CHECK(imported.hosts.empty());
}

TEST_CASE("kubespray: a group that is allowed gives its hosts variables, and nothing else") {
  KubesprayOptions options;
  options.allowed_groups = {"rack_1"};
  auto imported = import_text(
      std::string(kSmall) + "[rack_1]\nb\nlost\n[rack_1:vars]\nansible_port=2222\n", options);
  CHECK(imported.errors.empty());
  CHECK(imported.hosts.find("{name: b, address: b, port: 2222}") != std::string::npos);
  CHECK(imported.hosts.find("lost") == std::string::npos);
  CHECK(imported.report.has(ImportFate::ignored, "group rack_1"));
  CHECK(imported.report.has(ImportFate::unavailable, "hosts in no group"));
}

TEST_CASE("kubespray: hosts of groups with old names are in the group of today") {
  auto imported =
      import_text("[kube-master]\na\n[kube_control_plane]\nb\n[etcd]\na\n[kube-node]\nc\n");
  CHECK(imported.errors.empty());
  auto definition = definition_of(imported).definition;
  REQUIRE(definition.nodes.size() == 3);
  CHECK(join(definition.nodes[0].hosts, " ") == "b");
  CHECK(join(definition.nodes[1].hosts, " ") == "a");
  CHECK(join(definition.nodes[1].roles, " ") == "etcd k8s-master k8s-addons");
  CHECK(join(definition.nodes[2].hosts, " ") == "c");
}

TEST_CASE("kubespray: without control planes, or with two hosts of one name, there is no cluster") {
  auto none = import_text("[kube_node]\na\n");
  REQUIRE(none.errors.size() == 1);
  CHECK(none.errors[0] == "no host is in the group 'kube_control_plane'");
  auto same = import_text("[kube_control_plane]\nn_1\n[kube_node]\nN-1\n");
  REQUIRE(same.errors.size() == 1);
  CHECK(same.errors[0] == "'n_1' and 'N-1' would both be called 'n-1'");
}

TEST_CASE("kubespray: an address that only Ansible could compute is an error") {
  auto imported =
      import_text("[kube_control_plane]\na ansible_host=\"{{ lookup('env', 'A') }}\"\n[etcd]\na\n");
  REQUIRE(imported.errors.size() == 1);
  CHECK(imported.errors[0] ==
        "a: 'ansible_host' is computed by Ansible: write its value into the inventory");
}

TEST_CASE("kubespray: a cluster's variables become what a definition has") {
  auto with = [](const std::string& vars) {
    return import_text(std::string(kSmall) + "[all:vars]\n" + vars);
  };
  auto has = [](const KubesprayImport& imported, const std::string& text) {
    CAPTURE(imported.definition);
    CAPTURE(imported.report.text());
    CHECK(imported.definition.find(text) != std::string::npos);
  };
  has(with("kube_version=1.36.3\n"), "\"k8s-version\": \"v1.36.3\"");
  has(with("kube_network_plugin=custom_cni\n"), "\"k8s-kube_network_plugin\": \"none\"");
  has(with("dns_mode=manual\n"), "\"k8s-dns_mode\": \"none\"");
  has(with("kube_api_anonymous_auth=True\n"), "\"k8s-kube_api_anonymous_auth\": true");
  has(with("kube_network_node_prefix=25\n"), "\"k8s-kube_network_node_prefix\": 25");
  has(with("loadbalancer_apiserver_port=8383\n"), "\"k8s-nginx_kube_apiserver_port\": 8383");
  has(with("loadbalancer_apiserver={'address': '10.0.0.5', 'port': 443}\n"),
      "\"api_endpoint\": \"10.0.0.5:443\"");
}

TEST_CASE("kubespray: what muster cannot do is left out of the definition, and told") {
  auto imported = import_text(
      std::string(kSmall) +
      "[all:vars]\nkube_version=v1.28.1\nkube_network_plugin=cilium\nkube_proxy_mode=iptables\n"
      "container_manager=crio\nhelm_enabled=True\nkube_apiserver_port=many\nwhat_is_this=1\n");
  CHECK(imported.errors.empty());
  CHECK(imported.definition.find("attribs") == std::string::npos);
  const auto& report = imported.report;
  for (const char* name : {"kube_version", "kube_network_plugin", "container_manager",
                           "helm_enabled", "kube_apiserver_port", "enable_nodelocaldns"}) {
    CAPTURE(name);
    CHECK(report.has(ImportFate::unavailable, name));
  }
  CHECK(report.has(ImportFate::ignored, "kube_proxy_mode"));
  CHECK(report.has(ImportFate::unknown, "what_is_this"));
}

TEST_CASE(
    "kubespray: a variable that differs between hosts is told, the first control plane's counts") {
  auto imported = import_text(
      "[kube_control_plane]\na kube_log_level=3\n[etcd]\na\n[kube_node]\nb kube_log_level=5\n");
  CHECK(imported.definition.find("\"k8s-log_level\": 3") != std::string::npos);
  CHECK(imported.report.text().find("it differs between hosts: that of the first one counts (b)") !=
        std::string::npos);
}

TEST_CASE("kubespray: labels and taints that a kubelet would refuse are left out") {
  auto imported = import_text(
      "[kube_control_plane]\na\n[etcd]\na\n[kube_node]\n"
      "b node_labels=\"{'node-role.kubernetes.io/db': '', 'example.com/x': True}\" "
      "node_taints=\"['bad', 'example.com/x=y:NoExecute', 'example.com/x=z:NoExecute']\"\n");
  CHECK(imported.errors.empty());
  CHECK(imported.hosts.find("labels: {\"example.com/x\": \"true\"}") != std::string::npos);
  CHECK(imported.definition.find("\"taints\": [\"example.com/x=y:NoExecute\"]") !=
        std::string::npos);
  CHECK(imported.report.has(ImportFate::unavailable, "node_labels"));
  CHECK(imported.report.has(ImportFate::unavailable, "node_taints"));
  CHECK(imported.report.text().find("'example.com/x=z:NoExecute': its key and effect come twice") !=
        std::string::npos);
}

TEST_CASE("kubespray: all hosts behind a bastion, but for those with a way of their own") {
  auto imported = import_text(
      "[bastion]\ngate ansible_host=gate.example ansible_user=hop ansible_port=2200\n"
      "[kube_control_plane]\na\n[etcd]\na\n[kube_node]\n"
      "b ansible_ssh_common_args='-J root@other.example'\n");
  CHECK(imported.hosts.find("{name: a, address: a, bastion: \"hop@gate.example:2200\"}") !=
        std::string::npos);
  CHECK(imported.hosts.find("{name: b, address: b, bastion: \"root@other.example\"}") !=
        std::string::npos);
  CHECK(imported.hosts.find("name: gate") == std::string::npos);
}

TEST_CASE("kubespray: a thousand hosts are one block") {
  auto imported = import_text("[kube_control_plane]\na\n[etcd]\na\n[kube_node]\nn[0001:1000]\n");
  CHECK(imported.errors.empty());
  auto definition = definition_of(imported).definition;
  REQUIRE(definition.nodes.size() == 2);
  CHECK(definition.nodes[1].hosts.size() == 1000);
}
