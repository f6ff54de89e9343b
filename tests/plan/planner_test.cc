#include <doctest/doctest.h>

#include "tests/support/clusters.h"

using namespace muster;
using namespace muster::testing;

namespace {

using Lines = std::vector<std::string>;

Role& role_in(std::vector<Role>& roles, const std::string& name) {
  return *std::find_if(roles.begin(), roles.end(), [&](const Role& r) { return r.name == name; });
}

/// "node" waits for one "api".
std::vector<Role> roles_after_one() {
  std::vector<Role> roles{make_role("api"), make_role("node")};
  roles[1].after_one = {"api"};
  return roles;
}

Cluster two_masters(const std::vector<Role>& roles) {
  return make_cluster({make_node("m-1", {"api"}, roles), make_node("m-2", {"api"}, roles),
                       make_node("w-1", {"node"}, roles)});
}

}  // namespace

TEST_CASE("planner: a new deployment creates every node and applies every role, by node") {
  auto plan = plan_apply(stock_cluster(1), stock_roles(), nullptr);
  CHECK(steps_of(plan) == Lines{"create c-1: new node", "base on c-1: new node",
                                "etcd on c-1: new node", "k8s-master on c-1: new node",
                                "network-bridge on c-1: new node", "k8s-addons on c-1: new node",
                                "create w-1: new node", "base on w-1: new node",
                                "k8s-worker on w-1: new node", "network-bridge on w-1: new node"});
  CHECK(plan.deployment == "quickstart");
  CHECK(plan.tenant == "default");
  CHECK(plan.base_revision == 0);
  CHECK_FALSE(find_cycle(plan).has_value());
}

TEST_CASE("planner: a worker waits for the first controller") {
  auto plan = plan_apply(stock_cluster(2), stock_roles(), nullptr);
  CHECK(waits_for(plan, "k8s-worker on w-1", "k8s-master on c-1"));
  CHECK(waits_for(plan, "k8s-worker on w-1", "etcd on c-1"));
  CHECK(waits_for(plan, "k8s-worker on w-1", "create w-1"));
  CHECK_FALSE(waits_for(plan, "k8s-master on c-1", "k8s-worker on w-1"));
}

TEST_CASE("planner: a worker never waits for another worker's roles") {
  auto plan = plan_apply(stock_cluster(2), stock_roles(), nullptr);
  for (const char* other : {"create w-2", "base on w-2", "k8s-worker on w-2"}) {
    CHECK_FALSE(waits_for(plan, "k8s-worker on w-1", other));
  }
}

TEST_CASE("planner: a role waits for the addresses of the members that it uses") {
  auto roles = stock_roles();
  auto cluster = make_cluster({make_node("e-1", {"etcd"}, roles), make_node("e-2", {"etcd"}, roles),
                               make_node("w-1", {"network-bridge"}, roles)});
  auto plan = plan_apply(cluster, roles, nullptr);
  CHECK(waits_for(plan, "etcd on e-1", "create e-2"));
  CHECK_FALSE(waits_for(plan, "etcd on e-1", "etcd on e-2"));
  CHECK_FALSE(waits_for(plan, "etcd on e-1", "create w-1"));
  CHECK(waits_for(plan, "network-bridge on w-1", "create e-1"));
  REQUIRE(plan.gates.size() == 2);
  for (const auto& gate : plan.gates) CHECK(gate.opens == Opens::ended);
}

TEST_CASE("planner: a role may wait for one node of another, once all have tried") {
  auto roles = roles_after_one();
  auto plan = plan_apply(two_masters(roles), roles, nullptr);
  REQUIRE(plan.gates.size() == 1);
  CHECK(plan.gates[0].name == "api on one node");
  CHECK(plan.gates[0].opens == Opens::one_well);
  for (const char* master : {"m-1", "m-2"}) {
    CHECK(waits_for(plan, "node on w-1", "api on " + std::string(master)));
  }
}

TEST_CASE("planner: where one node has the role there is nothing to wait for") {
  auto roles = roles_after_one();
  auto cluster = two_masters(roles);
  auto record = applied(cluster, roles);
  node_in(record, "m-2").state = NodeState::off;
  node_in(record, "w-1").roles.clear();
  auto plan = plan_apply(cluster, roles, &record);
  REQUIRE(find_step(plan, "api on m-2"));
  CHECK(plan.gates.empty());
  // An API that is to be changed everywhere is waited for again.
  role_in(roles, "api").fingerprint = "other files";
  plan = plan_apply(cluster, roles, &record);
  CHECK(waits_for(plan, "node on w-1", "api on m-1"));
}

TEST_CASE("planner: one node is waited for through what is done, and `after` wins") {
  // last after node, node after_one api.
  auto roles = roles_after_one();
  roles.push_back(make_role("last", {}, {"node"}));
  auto cluster = two_masters(roles);
  cluster.nodes.push_back(make_node("l-1", {"last"}, roles));
  cluster.nodes.back().pod_cidr = "10.1.9.0/24";
  auto record = applied(cluster, roles);
  role_in(roles, "api").fingerprint = "other files";
  role_in(roles, "last").fingerprint = "other files";
  auto plan = plan_apply(cluster, roles, &record);
  REQUIRE_FALSE(find_step(plan, "node on w-1"));
  REQUIRE(plan.gates.size() == 1);
  CHECK(plan.gates[0].opens == Opens::one_well);
  CHECK(waits_for(plan, "last on l-1", "api on m-2"));

  role_in(roles, "last").after.push_back("api");
  plan = plan_apply(cluster, roles, &record);
  REQUIRE(plan.gates.size() == 1);
  CHECK(plan.gates[0].name == "api on every node");
  CHECK(plan.gates[0].opens == Opens::all_well);
}

TEST_CASE("planner: one node of another role counts for undo and cycles as every node does") {
  auto roles = roles_after_one();
  auto cluster = two_masters(roles);
  auto record = applied(cluster, roles);
  for (auto& node : record.nodes) node.wiped = false;
  auto plan = plan_destroy(record, roles);
  CHECK(waits_for(plan, "undo api on m-1", "undo node on w-1"));
  for (const auto& gate : plan.gates) CHECK(gate.opens == Opens::ended);
  role_in(roles, "api").after_one = {"node", "api"};
  CHECK(find_cycle(plan_apply(cluster, roles, nullptr)) == "api -> node -> api");
}

TEST_CASE("planner: role_apply_order gives way to the roles' own order") {
  auto roles = stock_roles();
  auto plan = plan_apply(stock_cluster(1), roles, nullptr);
  CHECK_FALSE(waits_for(plan, "k8s-master on c-1", "k8s-worker on w-1"));
  CHECK(waits_for(plan, "k8s-addons on c-1", "k8s-master on c-1"));
}

TEST_CASE("planner: role_apply_order makes each listed role wait for the one before it") {
  std::vector<Role> roles{make_role("a"), make_role("b"), make_role("c"), make_role("unused")};
  auto cluster =
      make_cluster({make_node("n-1", {"a", "c"}, roles), make_node("n-2", {"b"}, roles)});
  cluster.role_order = {"c", "unused", "b", "a"};
  auto plan = plan_apply(cluster, roles, nullptr);
  CHECK(waits_for(plan, "b on n-2", "c on n-1"));
  CHECK(waits_for(plan, "a on n-1", "b on n-2"));
  cluster.role_order.clear();
  CHECK_FALSE(waits_for(plan_apply(cluster, roles, nullptr), "b on n-2", "c on n-1"));
}

TEST_CASE("planner: a role_apply_order that turns back on itself keeps its first half") {
  std::vector<Role> roles{make_role("a"), make_role("b")};
  auto cluster = make_cluster({make_node("n-1", {"a"}, roles), make_node("n-2", {"b"}, roles)});
  cluster.role_order = {"a", "b", "a"};
  auto plan = plan_apply(cluster, roles, nullptr);
  CHECK_FALSE(find_cycle(plan).has_value());
  CHECK(waits_for(plan, "b on n-2", "a on n-1"));
}

TEST_CASE("planner: a cycle of roles is named") {
  std::vector<Role> roles{make_role("base"), make_role("a", {"base"}, {"c"}),
                          make_role("b", {}, {"a"}), make_role("c", {"b"})};
  auto cluster = make_cluster({make_node("n-1", {"a"}, roles), make_node("n-2", {"c"}, roles)});
  CHECK(find_cycle(plan_apply(cluster, roles, nullptr)) == "a -> c -> b -> a");
}

TEST_CASE("planner: a role that needs itself is a cycle") {
  std::vector<Role> roles{make_role("a", {"a"})};
  Node node;
  node.name = "n-1";
  node.all_roles = {"a"};
  CHECK(find_cycle(plan_apply(make_cluster({node}), roles, nullptr)) == "a -> a");
}

TEST_CASE("planner: without commit only nodes are created") {
  auto cluster = stock_cluster(1);
  cluster.commit = false;
  CHECK(steps_of(plan_apply(cluster, stock_roles(), nullptr)) ==
        Lines{"create c-1: new node", "create w-1: new node"});
}

TEST_CASE("planner: what was applied needs nothing") {
  auto roles = stock_roles();
  auto record = applied(stock_cluster(3), roles);
  CHECK(plan_apply(stock_cluster(3), roles, &record).empty());
}

TEST_CASE("planner: one more worker means steps for it and for those that list the nodes") {
  auto roles = stock_roles();
  auto record = applied(stock_cluster(2), roles);
  auto plan = plan_apply(stock_cluster(3), roles, &record);
  CHECK(steps_of(plan) == Lines{"network-bridge on c-1: new member w-3",
                                "network-bridge on w-1: new member w-3",
                                "network-bridge on w-2: new member w-3", "create w-3: new node",
                                "base on w-3: new node", "k8s-worker on w-3: new node",
                                "network-bridge on w-3: new node"});
  CHECK(plan.base_revision == 1);
  CHECK(waits_for(plan, "network-bridge on c-1", "create w-3"));
}

TEST_CASE("planner: many new members are counted, not listed") {
  auto roles = stock_roles();
  auto record = applied(stock_cluster(1), roles);
  auto plan = plan_apply(stock_cluster(6), roles, &record);
  CHECK(find_step(plan, "network-bridge on w-1")->reason == "new members w-2, w-3, w-4 and 2 more");
}

TEST_CASE("planner: a removed worker is undone in reverse, then destroyed, dead or alive") {
  auto roles = stock_roles();
  auto record = applied(stock_cluster(2), roles);
  auto plan = plan_apply(stock_cluster(1), roles, &record);
  CHECK(steps_of(plan) == Lines{"network-bridge on c-1: leaving member w-2",
                                "network-bridge on w-1: leaving member w-2",
                                "undo network-bridge on w-2: no longer in the definition",
                                "undo k8s-worker on w-2: no longer in the definition",
                                "undo base on w-2: no longer in the definition",
                                "destroy w-2: no longer in the definition"});
  CHECK(waits_for(plan, "undo k8s-worker on w-2", "undo network-bridge on w-2"));
  CHECK(waits_for(plan, "destroy w-2", "undo base on w-2"));
  for (const auto& step : plan.steps) {
    CHECK(step.despite_failures == (step.node == "w-2"));
  }
}

TEST_CASE("planner: workers are undone before masters, masters before etcd") {
  auto roles = stock_roles();
  auto cluster =
      make_cluster({make_node("keep", {"base"}, roles), make_node("e", {"etcd"}, roles),
                    make_node("m", {"k8s-master"}, roles), make_node("w", {"k8s-worker"}, roles)});
  auto record = applied(cluster, roles);
  cluster.nodes.resize(1);
  auto plan = plan_apply(cluster, roles, &record);
  CHECK(waits_for(plan, "undo k8s-master on m", "undo k8s-worker on w"));
  CHECK(waits_for(plan, "undo etcd on e", "undo k8s-master on m"));
  CHECK_FALSE(waits_for(plan, "undo base on w", "undo etcd on e"));
  CHECK_FALSE(find_cycle(plan).has_value());
}

TEST_CASE("planner: role files that turned around since the apply make no cycle of undo steps") {
  std::vector<Role> roles{make_role("a"), make_role("b", {"a"})};
  auto cluster = make_cluster({make_node("n-1", {"b"}, roles), make_node("n-2", {"b"}, roles)});
  auto record = applied(cluster, roles);
  roles = {make_role("a", {}, {"b"}), make_role("b")};
  cluster.nodes.clear();
  auto plan = plan_apply(cluster, roles, &record);
  CHECK_FALSE(find_cycle(plan).has_value());
  CHECK(waits_for(plan, "undo a on n-1", "undo b on n-1"));
}

TEST_CASE("planner: a role that leaves a kept node is undone before the node's other steps") {
  auto roles = stock_roles();
  auto cluster = make_cluster({make_node("n-1", {"etcd", "k8s-addons"}, roles)});
  auto record = applied(cluster, roles);
  cluster.nodes[0] = make_node("n-1", {"etcd"}, roles);
  cluster.nodes[0].pod_cidr = record.nodes[0].pod_cidr;
  auto plan = plan_apply(cluster, roles, &record);
  CHECK(steps_of(plan) == Lines{"undo k8s-addons on n-1: no longer wanted on this node",
                                "base on n-1: changed: node", "etcd on n-1: changed: node"});
  CHECK(waits_for(plan, "base on n-1", "undo k8s-addons on n-1"));
}

TEST_CASE(
    "planner: a role is applied again when something that it renders changed, and says what") {
  auto roles = stock_roles();
  auto cluster = stock_cluster(1);
  auto record = applied(cluster, roles);

  SUBCASE("its files") {
    role_in(roles, "etcd").fingerprint = "other files";
    CHECK(steps_of(plan_apply(cluster, roles, &record)) ==
          Lines{"etcd on c-1: changed: role files"});
  }
  SUBCASE("the settings") {
    cluster.settings.attribs["k8s_ndots"] = "2";
    auto plan = plan_apply(cluster, roles, &record);
    CHECK(plan.steps.size() == 8);
    CHECK(plan.steps[0].reason == "changed: settings");
  }
  SUBCASE("the public keys, for roles that use access") {
    cluster.public_keys["ann"] = "ssh-ed25519 AAAA";
    CHECK(steps_of(plan_apply(cluster, roles, &record)) ==
          Lines{"base on c-1: changed: settings", "base on w-1: changed: settings"});
  }
  SUBCASE("the node's labels and its role's files") {
    cluster.nodes[1].labels["disk"] = "ssd";
    role_in(roles, "k8s-worker").fingerprint = "other files";
    auto plan = plan_apply(cluster, roles, &record);
    CHECK(find_step(plan, "base on w-1")->reason == "changed: node");
    CHECK(find_step(plan, "k8s-worker on w-1")->reason == "changed: role files, node");
    CHECK(plan.steps.size() == 3);
  }
  SUBCASE("its members and its files") {
    role_in(roles, "network-bridge").fingerprint = "other files";
    auto more = stock_cluster(2);
    more.nodes.erase(more.nodes.begin() + 1);
    CHECK(find_step(plan_apply(more, roles, &record), "network-bridge on c-1")->reason ==
          "new member w-2; leaving member w-1; changed: role files");
  }
  SUBCASE("an older way of recording it") {
    node_in(record, "c-1").roles[0].fingerprint = "0123456789abcdef";
    CHECK(steps_of(plan_apply(cluster, roles, &record)) ==
          Lines{"base on c-1: changed: how muster records it"});
  }
}

TEST_CASE("planner: a new role on a kept node and one that a run did not finish are told apart") {
  auto roles = stock_roles();
  auto cluster = make_cluster({make_node("n-1", {"etcd"}, roles)});
  auto record = applied(cluster, roles);
  record.nodes[0].roles.pop_back();
  cluster.nodes[0].all_roles.push_back("k8s-addons");
  CHECK(steps_of(plan_apply(cluster, roles, &record)) ==
        Lines{"etcd on n-1: not finished by an earlier run", "k8s-addons on n-1: new role"});
}

TEST_CASE("planner: a role recorded without a fingerprint was begun and is applied again") {
  auto roles = stock_roles();
  auto cluster = stock_cluster(0);
  auto record = applied(cluster, roles);
  record.nodes[0].roles[1].fingerprint.clear();
  CHECK(steps_of(plan_apply(cluster, roles, &record)) ==
        Lines{"etcd on c-1: not finished by an earlier run"});
}

TEST_CASE("planner: a node that is half made is finished") {
  auto roles = stock_roles();
  auto record = applied(stock_cluster(1), roles);
  node_in(record, "w-1").state = NodeState::creating;
  node_in(record, "w-1").roles.clear();
  auto plan = plan_apply(stock_cluster(1), roles, &record);
  CHECK(steps_of(plan) == Lines{"network-bridge on c-1: new member w-1",
                                "create w-1: its creation was not finished by an earlier run",
                                "base on w-1: new node", "k8s-worker on w-1: new node",
                                "network-bridge on w-1: new node"});
}

TEST_CASE("planner: a node that is half gone and wanted again is destroyed first") {
  auto roles = stock_roles();
  auto record = applied(stock_cluster(1), roles);
  node_in(record, "w-1").state = NodeState::destroying;
  auto plan = plan_apply(stock_cluster(1), roles, &record);
  CHECK(find_step(plan, "destroy w-1")->reason == "its removal was not finished by an earlier run");
  CHECK(find_step(plan, "create w-1")->reason == "wanted again");
  CHECK(waits_for(plan, "create w-1", "destroy w-1"));
  CHECK(find_step(plan, "network-bridge on c-1")->reason == "new member w-1");
  CHECK_FALSE(find_step(plan, "undo base on w-1"));
}

TEST_CASE(
    "planner: what another provider has of a node that is half made or off is destroyed first") {
  auto roles = stock_roles();
  for (auto state : {NodeState::creating, NodeState::off}) {
    auto record = applied(stock_cluster(1), roles);
    node_in(record, "w-1").state = state;
    node_in(record, "w-1").provider = "local-provider";  // the same by another name
    CHECK_FALSE(find_step(plan_apply(stock_cluster(1), roles, &record), "destroy w-1"));
    node_in(record, "w-1").provider = "metal";
    auto plan = plan_apply(stock_cluster(1), roles, &record);
    REQUIRE(find_step(plan, "destroy w-1"));
    CHECK(find_step(plan, "destroy w-1")->reason == "it comes from another provider now");
    CHECK(waits_for(plan, "create w-1", "destroy w-1"));
  }
}

TEST_CASE("planner: a node that is half made and no longer wanted is destroyed without undo") {
  auto roles = stock_roles();
  auto record = applied(stock_cluster(1), roles);
  node_in(record, "w-1").state = NodeState::creating;
  auto plan = plan_apply(stock_cluster(0), roles, &record);
  CHECK(steps_of(plan) == Lines{"network-bridge on c-1: leaving member w-1",
                                "destroy w-1: no longer in the definition"});
}

TEST_CASE("planner: a kept node's share of the pod network is the recorded one") {
  auto roles = stock_roles();
  auto record = applied(stock_cluster(1), roles);
  auto cluster = stock_cluster(1);
  cluster.nodes[1].pod_cidr = "10.1.77.0/24";
  CHECK(plan_apply(cluster, roles, &record).empty());
}

TEST_CASE("planner: a step waits for what a role that is done already would wait for") {
  auto roles = stock_roles();
  auto record = applied(stock_cluster(1), roles);
  role_in(roles, "etcd").fingerprint = "other files";
  auto plan = plan_apply(stock_cluster(2), roles, &record);
  REQUIRE_FALSE(find_step(plan, "k8s-master on c-1"));
  CHECK(waits_for(plan, "k8s-worker on w-2", "etcd on c-1"));
}

TEST_CASE("planner: the fingerprint of a planned step is the role's fingerprint") {
  auto roles = stock_roles();
  auto cluster = stock_cluster(1);
  auto plan = plan_apply(cluster, roles, nullptr);
  CHECK(find_step(plan, "etcd on c-1")->fingerprint ==
        role_fingerprint(cluster, cluster.nodes[0], role_in(roles, "etcd"), nullptr));
}

TEST_CASE("planner: verify looks at what was applied, in the order of an apply") {
  auto roles = stock_roles();
  auto record = applied(stock_cluster(1), roles);
  node_in(record, "w-1").roles.pop_back();
  auto plan = plan_verify(stock_cluster(2), roles, record);
  CHECK(steps_of(plan) ==
        Lines{"verify base on c-1: applied before", "verify etcd on c-1: applied before",
              "verify k8s-master on c-1: applied before",
              "verify network-bridge on c-1: applied before",
              "verify k8s-addons on c-1: applied before", "verify base on w-1: applied before",
              "verify k8s-worker on w-1: applied before"});
  CHECK(waits_for(plan, "verify k8s-worker on w-1", "verify etcd on c-1"));
}

TEST_CASE("planner: destroy deletes whole machines, the last made first") {
  auto record = applied(stock_cluster(2), stock_roles());
  record.revision = 7;
  auto plan = plan_destroy(record, stock_roles());
  CHECK(steps_of(plan) == Lines{"destroy w-2: the deployment is destroyed",
                                "destroy w-1: the deployment is destroyed",
                                "destroy c-1: the deployment is destroyed"});
  CHECK(plan.base_revision == 7);
  for (const auto& step : plan.steps) CHECK(step.despite_failures);
}

TEST_CASE("planner: destroy undoes the roles of machines that stay, in whatever state they are") {
  auto roles = stock_roles();
  auto record = applied(stock_cluster(1), roles);
  node_in(record, "c-1").wiped = false;
  for (auto state : {NodeState::ready, NodeState::creating, NodeState::destroying, NodeState::lost,
                     NodeState::off}) {
    node_in(record, "c-1").state = state;
    auto plan = plan_destroy(record, roles);
    CHECK(plan.steps.size() == 7);
    CHECK(waits_for(plan, "destroy c-1", "undo base on c-1"));
    // Each only when the one before ended well, so that the machine is let go of after all of them.
    for (const auto& step : plan.steps) CHECK(step.despite_failures == (step.node == "w-1"));
  }
  node_in(record, "w-1").wiped = false;
  auto plan = plan_destroy(record, roles);
  CHECK(plan.steps.size() == 10);
  CHECK(waits_for(plan, "undo k8s-master on c-1", "undo k8s-worker on w-1"));
  // What is undone on one node is waited for by others, however it ends.
  for (const auto& gate : plan.gates) CHECK(gate.opens == Opens::ended);
}

TEST_CASE(
    "planner: a node whose machine stays leaves when all was undone, half gone ones as well") {
  auto roles = stock_roles();
  auto record = applied(stock_cluster(2), roles);
  node_in(record, "w-2").wiped = false;
  for (auto state : {NodeState::ready, NodeState::creating, NodeState::destroying, NodeState::lost,
                     NodeState::off}) {
    node_in(record, "w-2").state = state;
    auto plan = plan_apply(stock_cluster(1), roles, &record);
    CHECK(waits_for(plan, "destroy w-2", "undo network-bridge on w-2"));
    CHECK_FALSE(find_step(plan, "destroy w-2")->despite_failures);
    CHECK_FALSE(find_step(plan, "undo base on w-2")->despite_failures);
  }
}

TEST_CASE("planner: what is left on a machine that stays is undone before the node is made anew") {
  auto roles = stock_roles();
  auto cluster = stock_cluster(1);
  auto record = applied(cluster, roles);
  node_in(record, "w-1").wiped = false;
  SUBCASE("its removal was cut") { node_in(record, "w-1").state = NodeState::destroying; }
  SUBCASE("it moves to another provider") {
    node_in(record, "w-1").state = NodeState::off;
    node_in(record, "w-1").provider = "inventory";
  }
  auto plan = plan_apply(cluster, roles, &record);
  CHECK(waits_for(plan, "create w-1", "destroy w-1"));
  CHECK(waits_for(plan, "destroy w-1", "undo base on w-1"));
  CHECK(waits_for(plan, "undo base on w-1", "undo network-bridge on w-1"));
  CHECK_FALSE(find_step(plan, "destroy w-1")->despite_failures);
  CHECK_FALSE(find_cycle(plan));
}

TEST_CASE("planner: a node that its provider no longer has, or has switched off, is made again") {
  auto cluster = stock_cluster(2);
  auto record = applied(cluster, stock_roles());
  node_in(record, "w-1").state = NodeState::lost;
  node_in(record, "w-2").state = NodeState::off;
  auto plan = plan_apply(cluster, stock_roles(), &record);
  CHECK(steps_of(plan) == Lines{"network-bridge on c-1: new members w-1, w-2",
                                "create w-1: its provider no longer has it",
                                "base on w-1: new node", "k8s-worker on w-1: new node",
                                "network-bridge on w-1: new node", "create w-2: it is switched off",
                                "base on w-2: new node", "k8s-worker on w-2: new node",
                                "network-bridge on w-2: new node"});
}

TEST_CASE("planner: a role that says `before` is waited for on its own node, where there is one") {
  auto roles = stock_roles();
  role_in(roles, "k8s-worker").follows = {"network-bridge"};
  auto cluster = make_cluster({make_node("c-1", {"etcd", "k8s-master"}, roles),
                               make_node("w-1", {"network-bridge", "k8s-worker"}, roles),
                               make_node("w-2", {"k8s-worker"}, roles)});
  auto plan = plan_apply(cluster, roles, nullptr);
  CHECK(waits_for(plan, "k8s-worker on w-1", "network-bridge on w-1"));
  CHECK_FALSE(waits_for(plan, "k8s-worker on w-2", "network-bridge on w-1"));
}

TEST_CASE("planner: what takes long to settle weighs more") {
  auto roles = stock_roles();
  role_in(roles, "etcd").settles_seconds = 4;
  auto plan = plan_apply(stock_cluster(1), roles, nullptr);
  CHECK(find_step(plan, "etcd on c-1")->weight == 5000);
  CHECK(find_step(plan, "base on c-1")->weight == 1000);
}
