// What a plan says of things that leave nodes because a setting no longer names them.
#include <doctest/doctest.h>

#include <algorithm>

#include "provisioner/definition/attribs.h"
#include "provisioner/definition/definition.h"
#include "provisioner/definition/role_reader.h"
#include "provisioner/plan/leaving_names.h"
#include "provisioner/plan/plan.h"

using namespace muster;

namespace {

Cluster cluster_with(const std::string& settings) {
  auto roles = load_roles({});
  auto read = parse_definition("d.json",
                               R"({"name": "d", "provider": {"name": "local"}, )" + settings +
                                   R"("nodes": [{"roles": ["etcd", "k8s-master"]}]})",
                               {}, {roles, {"local"}});
  auto cluster = expand(read.definition, roles, read.diagnostics);
  REQUIRE(read.diagnostics.render() == "");
  return cluster;
}

const std::string kAnn =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tr";
const std::string kBob =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnJy";

std::string keys(const std::string& list) { return "\"public_keys\": {" + list + "}, "; }
std::string attrib(const std::string& name, const std::string& value) {
  return "\"attribs\": {\"" + name + "\": \"" + value + "\"}, ";
}

std::string leaving(const std::string& role, const std::string& former, const std::string& now) {
  auto before = cluster_with(former);
  return LeavingNames(cluster_with(now), &before).of(*find_role(load_roles({}), role));
}

}  // namespace

TEST_CASE("leaving names: a plan says whose key and whose sudo goes") {
  auto both = keys("\"ann\": \"" + kAnn + "\", \"bob\": \"" + kBob + "\"");
  auto ann = keys("\"ann\": \"" + kAnn + "\"");
  CHECK(leaving("base", both, ann) == "key 'bob' leaves 'muster'");
  CHECK(leaving("base", ann, "") == "key 'ann' leaves 'muster'; sudo leaves 'muster'");
  CHECK(leaving("base", both, "") == "keys 'ann', 'bob' leave 'muster'; sudo leaves 'muster'");
  CHECK(leaving("base", ann, both) == "");
  CHECK(leaving("base", ann, keys("\"anna\": \"" + kAnn + "\"")) == "");
  CHECK(leaving("base", ann, ann + attrib("login_user", "eve")) == "keys and sudo leave 'muster'");
  CHECK(leaving("base", "", attrib("login_user", "eve")) == "");
  CHECK(leaving("kube-node", ann, "") == "");
}

TEST_CASE("leaving names: a plan says from where programs and files go") {
  CHECK(leaving("kube-node", "", attrib("k8s-bin_dir", "/opt/bin")) ==
        "programs leave '/usr/local/bin'");
  CHECK(leaving("base", "", attrib("k8s-bin_dir", "/opt/bin")) == "");
  CHECK(leaving("kube-node", attrib("k8s-kube_config_dir", "/srv/k8s"), "") ==
        "configuration files leave '/srv/k8s'; certificates leave '/srv/k8s/ssl'");
  auto former = cluster_with("");
  LeavingNames names(cluster_with(attrib("k8s-cluster_name", "other.org")), &former);
  auto mine = parse_role("r.yaml", R"(role: mine
description: x
tasks:
  - {name: a, file: {path: "/srv/{{attribs.k8s_cluster_name}}", content: x}}
)");
  CHECK(names.of(mine) == "what it names leaves 'cluster.local'");
}

TEST_CASE("leaving names: they are part of the reason, of the roles whose settings changed") {
  auto roles = load_roles({});
  auto former = cluster_with(keys("\"ann\": \"" + kAnn + "\""));
  DeploymentRecord record;
  record.name = former.name;
  for (const auto& node : former.nodes) {
    auto& recorded = record.nodes.emplace_back();
    recorded.name = node.name;
    recorded.state = NodeState::ready;
    recorded.wanted_roles = node.roles;
    recorded.pod_cidr = node.pod_cidr;
    for (const auto& name : node.all_roles) {
      recorded.roles.push_back(
          {name, role_fingerprint(former, node, *find_role(roles, name), nullptr)});
    }
  }
  auto now = cluster_with("");
  auto plan = plan_apply(now, roles, &record, {Turns::taken, &former});
  REQUIRE(plan.steps.size() == 1);
  CHECK(plan.steps[0].reason ==
        "changed: settings; key 'ann' leaves 'muster'; sudo leaves 'muster'");
  // A record whose definition nobody can read any more is planned as well.
  CHECK(plan_apply(now, roles, &record).steps[0].reason == "changed: settings");
}
