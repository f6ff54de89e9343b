#include "provisioner/import/ansible_export.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "provisioner/import/ssh_arguments.h"
#include "provisioner/import/words.h"
#include "tests/support/golden.h"

using namespace muster;

namespace {

using Json = nlohmann::json;

constexpr const char* kKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH3GdgYaJWrAK6C7xkP/GPJCk0euDa7l/gsXgzDh7Hmb";

const BastionKeys kNone;
const SshFiles kFiles{"/state/ssh/default.key", "/state/ssh/site.known_hosts",
                      "/state/ssh/bastions.known_hosts"};

NodeRecord node(const std::string& name, const std::string& address,
                std::vector<std::string> roles) {
  NodeRecord record;
  record.name = name;
  record.provider = "inventory";
  record.state = NodeState::ready;
  record.endpoint.address = address;
  record.endpoint.host_key = kKey;
  record.wanted_roles = std::move(roles);
  return record;
}

DeploymentRecord site() {
  DeploymentRecord record;
  record.name = "site-1";
  record.nodes = {node("control", "10.0.0.1", {"etcd", "k8s-master", "k8s-addons"}),
                  node("worker", "worker.example", {"k8s-worker"}),
                  node("both", "fd00::3", {"etcd", "k8s-master", "k8s-worker", "9-lives"}),
                  node("late", "10.0.0.9", {"k8s-worker"})};
  record.nodes[0].pod_cidr = "10.233.64.0/24";
  auto& worker = record.nodes[1].endpoint;
  worker.port = 2222;
  worker.user = "ops";
  worker.identity = "/home/me/my keys/id";
  worker.bastion = "hop@gate.example:2200";
  worker.cluster_address = "10.0.0.2";
  auto& both = record.nodes[2].endpoint;
  both.identity = kUserIdentity;
  both.host_key.clear();
  record.nodes[3].state = NodeState::creating;
  return record;
}

std::string inventory_of(const DeploymentRecord& record) {
  return ansible_inventory_json({record, kFiles, kNone});
}

Json exported() { return Json::parse(inventory_of(site())); }

}  // namespace

TEST_CASE("export: a deployment as a dynamic inventory") {
  testing::check_golden(std::string(MUSTER_SOURCE_DIR) + "/tests/import/golden/export.json",
                        inventory_of(site()));
}

TEST_CASE("export: every group of 'all' is there, every host has variables, none is half made") {
  auto root = exported();
  for (const auto& group : root["all"]["children"]) {
    CHECK(root.contains(group.get<std::string>()));
  }
  CHECK(root["k8s_cluster"]["children"] == Json::array({"kube_control_plane", "kube_node"}));
  CHECK(root["kube_node"]["hosts"] == Json::array({"worker", "both"}));
  CHECK(root["role_9_lives"]["hosts"] == Json::array({"both"}));
  CHECK(root["_meta"]["hostvars"].size() == 3);
  CHECK(!root["_meta"]["hostvars"].contains("late"));
  auto record = site();
  CHECK(Json::parse(ansible_host_json(record.nodes[1], {record, kFiles, kNone})) ==
        root["_meta"]["hostvars"]["worker"]);
}

TEST_CASE("export: host keys are checked by the file that muster writes, unless none is known") {
  auto vars = exported()["_meta"]["hostvars"];
  std::string control = vars["control"]["ansible_ssh_common_args"];
  CHECK(control ==
        "-o UserKnownHostsFile=/state/ssh/site.known_hosts -o HostKeyAlias=control -o "
        "StrictHostKeyChecking=yes -o IdentitiesOnly=yes");
  CHECK(vars["control"]["ansible_ssh_private_key_file"] == "/state/ssh/default.key");
  CHECK(!vars["both"].contains("ansible_ssh_common_args"));
  CHECK(!vars["both"].contains("ansible_ssh_private_key_file"));
  CHECK(!vars["control"].contains("ansible_become"));
  CHECK(vars["worker"]["ansible_become"] == true);
}

TEST_CASE("export: a bastion is a ProxyCommand that an import understands, blanks and all") {
  std::string text = exported()["_meta"]["hostvars"]["worker"]["ansible_ssh_common_args"];
  auto read = read_ssh_arguments(text);
  REQUIRE(read.jump);
  CHECK(read.jump->user == "hop");
  CHECK(read.jump->host == "gate.example");
  CHECK(read.jump->port == "2200");
  CHECK(read.jump->key == "/home/me/my keys/id");
  CHECK(read.others.empty());
}

TEST_CASE("export: a '%' in a path is no word of ssh's") {
  auto record = site();
  record.nodes[1].endpoint.identity = "/k%h";
  auto files = kFiles;
  files.bastions = "/s%p/bastions";
  std::string text = Json::parse(
      ansible_host_json(record.nodes[1], {record, files, kNone}))["ansible_ssh_common_args"];
  auto words = split_words(text, false);
  REQUIRE(words);
  // Once for the ssh that connects to the node, once for that of the bastion.
  CHECK(words->back().find("'IdentityFile=/k%%%%h'") != std::string::npos);
  CHECK(words->back().find("UserKnownHostsFile=/s%%%%p/bastions") != std::string::npos);
  CHECK(words->back().find("-W '[%h]:%p'") != std::string::npos);
}

TEST_CASE("export: a deployment without nodes is an empty inventory") {
  DeploymentRecord record;
  record.name = "none";
  auto root = Json::parse(inventory_of(record));
  CHECK(root["_meta"]["hostvars"] == Json::object());
  CHECK(root["all"]["children"] == Json::array());
}
