// Nodes that take turns: see mark_turns in provisioner/plan/edges.h.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "tests/plan/below.h"
#include "tests/support/clusters.h"

using namespace muster;
using namespace muster::testing;

namespace {

/// "etcd" and "node" restart what they change, "ready" says that a node is back.
std::vector<Role> rolling_roles() {
  std::vector<Role> roles{make_role("base"), make_role("etcd", {"base"}, {}, {"etcd"}),
                          make_role("node", {"base"}), make_role("ready", {"node"})};
  roles[1].rolling = roles[2].rolling = true;
  roles[3].after_one = {"etcd"};
  return roles;
}

Cluster members_and_workers(const std::vector<Role>& roles, int members, int workers) {
  std::vector<Node> nodes;
  for (int i = 1; i <= workers; ++i) {
    nodes.push_back(make_node("w-" + std::to_string(i), {"ready"}, roles));
  }
  for (int i = 1; i <= members; ++i) {
    nodes.push_back(make_node("e-" + std::to_string(i), {"etcd", "ready"}, roles));
  }
  return make_cluster(std::move(nodes));
}

/// With another setting, which all roles render.
Cluster changed(Cluster cluster) {
  cluster.settings.attribs["k8s_log_level"] = "4";
  return cluster;
}

bool any_waits(const Plan& plan, const std::string& later, const std::string& earlier) {
  for (const auto& a : plan.steps) {
    for (const auto& b : plan.steps) {
      if (a.node == later && b.node == earlier && waits_for(plan, a.title(), b.title()))
        return true;
    }
  }
  return false;
}

}  // namespace

TEST_CASE("turns: a first install has none") {
  auto roles = rolling_roles();
  auto plan = plan_apply(members_and_workers(roles, 3, 2), roles, nullptr);
  for (const char* step : {"base", "etcd", "node"}) {
    CHECK_FALSE(waits_for(plan, "etcd on e-2", std::string(step) + " on e-1"));
  }
  CHECK_FALSE(any_waits(plan, "w-2", "w-1"));
}

TEST_CASE("turns: nodes in service take turns, those whose members others list first") {
  auto roles = rolling_roles();
  auto cluster = members_and_workers(roles, 3, 2);
  auto record = applied(cluster, roles);
  auto plan = plan_apply(changed(cluster), roles, &record);
  REQUIRE(plan.steps.size() == 18);
  CHECK_FALSE(find_cycle(plan));
  const std::vector<std::string> order{"e-1", "e-2", "e-3", "w-1", "w-2"};
  for (std::size_t i = 1; i < order.size(); ++i) {
    // The next begins, with anything at all, once the one before it is ready.
    CHECK(waits_for(plan, "base on " + order[i], "ready on " + order[i - 1]));
    CHECK_FALSE(any_waits(plan, order[i - 1], order[i]));
  }
  CHECK(plan.gates.front().name == "the turn of e-1");
  CHECK(plan.gates.size() == 4);
}

TEST_CASE("turns: what waits until others were tried is of no turn, nor is what needs it") {
  auto roles = rolling_roles();
  roles.push_back(make_role("image", {"node"}));
  roles.push_back(make_role("addons", {"ready"}));
  roles.push_back(make_role("more", {"addons"}));
  roles[5].after_tried = {"image"};
  auto cluster = make_cluster({make_node("m", {"etcd", "image", "more"}, roles),
                               make_node("w-1", {"ready", "image"}, roles),
                               make_node("w-2", {"ready", "image"}, roles)});
  auto fresh = plan_apply(cluster, roles, nullptr);
  CHECK(waits_for(fresh, "addons on m", "image on w-2"));
  auto record = applied(cluster, roles);
  auto plan = plan_apply(changed(cluster), roles, &record);
  CHECK_FALSE(find_cycle(plan));
  for (const char* node : {"m", "w-1", "w-2"}) {
    CHECK(waits_for(plan, "addons on m", std::string("image on ") + node));
  }
  CHECK(waits_for(plan, "more on m", "addons on m"));
  CHECK(waits_for(plan, "base on w-2", "ready on w-1"));
  CHECK_FALSE(waits_for(plan, "base on w-1", "addons on m"));
  for (const auto& gate : plan.gates) {
    if (gate.name == "image tried on every node") CHECK(gate.opens == Opens::ended);
  }
  // Where nothing is done of it, nothing is waited for.
  roles[5].fingerprint = "other files";
  CHECK(plan_apply(cluster, roles, &record).gates.empty());
}

TEST_CASE("turns: what restarts nothing has none") {
  auto roles = rolling_roles();
  auto cluster = members_and_workers(roles, 3, 2);
  auto record = applied(cluster, roles);
  roles[3].fingerprint = "other files";
  auto plan = plan_apply(cluster, roles, &record);
  REQUIRE(plan.steps.size() == 5);
  CHECK(plan.gates.empty());
}

TEST_CASE("turns: one node alone waits for nobody") {
  auto roles = rolling_roles();
  auto cluster = members_and_workers(roles, 1, 0);
  auto record = applied(cluster, roles);
  auto plan = plan_apply(changed(cluster), roles, &record);
  for (const auto& gate : plan.gates) CHECK(gate.name.find("the turn of") == std::string::npos);
}

TEST_CASE("turns: new nodes and what waits for one node wait for no turn") {
  auto roles = rolling_roles();
  auto record = applied(members_and_workers(roles, 3, 1), roles);
  auto plan = plan_apply(changed(members_and_workers(roles, 3, 2)), roles, &record);
  REQUIRE(find_step(plan, "create w-2"));
  for (const char* other : {"e-1", "e-2", "e-3", "w-1"}) CHECK_FALSE(any_waits(plan, "w-2", other));
  // A turn waits for the addresses of the members that it lists, as ever.
  plan = plan_apply(changed(members_and_workers(roles, 4, 1)), roles, &record);
  CHECK(waits_for(plan, "etcd on e-1", "create e-4"));
  CHECK_FALSE(waits_for(plan, "etcd on e-1", "etcd on e-4"));
}

TEST_CASE("turns: an `after` waits for every turn, and is waited for by none") {
  auto roles = rolling_roles();
  roles.push_back(make_role("last", {}, {"node"}));
  auto cluster = members_and_workers(roles, 3, 1);
  auto record = applied(cluster, roles);
  cluster.nodes.push_back(make_node("l-1", {"last"}, roles));
  cluster.nodes.back().pod_cidr = "10.1.99.0/24";
  auto plan = plan_apply(changed(cluster), roles, &record);
  CHECK_FALSE(find_cycle(plan));
  CHECK(waits_for(plan, "last on l-1", "node on w-1"));
  CHECK_FALSE(any_waits(plan, "w-1", "l-1"));
}

TEST_CASE("turns: a roll that was cut goes on in turns") {
  auto roles = rolling_roles();
  auto cluster = members_and_workers(roles, 3, 0);
  auto record = applied(cluster, roles);
  for (auto& node : record.nodes) {
    for (auto& role : node.roles) role.fingerprint = kInDoubt;
  }
  auto plan = plan_apply(cluster, roles, &record);
  CHECK(waits_for(plan, "base on e-2", "ready on e-1"));
  // What never came to its end is a first install.
  for (auto& node : record.nodes) {
    for (auto& role : node.roles) role.fingerprint.clear();
  }
  plan = plan_apply(cluster, roles, &record);
  CHECK_FALSE(waits_for(plan, "etcd on e-2", "etcd on e-1"));
  CHECK_FALSE(waits_for(plan, "base on e-2", "base on e-1"));
}

TEST_CASE("turns: a verification has none, since it restarts nothing where nothing drifted") {
  auto roles = rolling_roles();
  auto cluster = members_and_workers(roles, 3, 1);
  auto record = applied(cluster, roles);
  auto plan = plan_verify(cluster, roles, record);
  for (const auto& gate : plan.gates) CHECK(gate.name.find("the turn of") == std::string::npos);
}

TEST_CASE("turns: a roll is as many steps and edges a node, and one gate") {
  auto roles = rolling_roles();
  auto size = [&](int workers) {
    auto cluster = members_and_workers(roles, 3, workers);
    auto record = applied(cluster, roles);
    auto plan = plan_apply(changed(cluster), roles, &record);
    std::size_t edges = 0;
    for (const auto& step : plan.steps) edges += step.needs.size() + step.gates.size();
    for (const auto& gate : plan.gates) edges += gate.steps.size();
    return std::pair(edges, plan.gates.size());
  };
  auto few = size(10);
  auto more = size(20);
  auto most = size(30);
  CHECK(more.first - few.first == most.first - more.first);
  CHECK(more.second - few.second == 10);
}

TEST_CASE("turn properties: whatever changed, no two nodes restart at the same time") {
  CHECK(rc::check([] {
    std::vector<Role> roles;
    std::vector<std::string> names;
    auto some = [&] {
      std::vector<std::string> chosen;
      for (const auto& name : names) {
        if (below(3) == 0) chosen.push_back(name);
      }
      return chosen;
    };
    for (std::size_t i = 0; i < 5; ++i) {
      auto role = make_role("role-" + std::to_string(i), some(), some());
      role.after_one = some();
      role.uses = some();
      role.rolling = below(2) == 0;
      names.push_back(role.name);
      roles.push_back(role);
    }
    auto some_cluster = [&] {
      std::vector<Node> nodes;
      for (std::size_t i = 0; i < 6; ++i) {
        if (below(4) > 0) nodes.push_back(make_node("n-" + std::to_string(i), some(), roles));
      }
      return make_cluster(std::move(nodes));
    };
    auto before = some_cluster();
    auto record = carry_out(plan_apply(before, roles, nullptr), before, {}, below);
    for (auto& node : record.nodes) {
      if (below(6) == 0) node.state = NodeState::off;
      for (auto& role : node.roles) {
        if (below(5) == 0) role.fingerprint = below(2) == 0 ? kInDoubt : "";
      }
    }
    for (auto& role : roles) {
      if (below(2) == 0) role.fingerprint = "other files";
    }
    auto cluster = below(2) == 0 ? some_cluster() : before;
    auto plan = plan_apply(cluster, roles, &record);
    RC_ASSERT(!find_cycle(plan));
    auto restarts = [&](const Step& step) {
      const auto* node = record.find(step.node);
      if (step.verb != Verb::apply_role || node == nullptr || node->state != NodeState::ready) {
        return false;
      }
      const auto* role = node->find_role(step.role);
      return role_named(roles, step.role)->rolling && role != nullptr && !role->fingerprint.empty();
    };
    for (const auto& a : plan.steps) {
      for (const auto& b : plan.steps) {
        if (a.node >= b.node || !restarts(a) || !restarts(b)) continue;
        RC_ASSERT(waits_for(plan, a.title(), b.title()) || waits_for(plan, b.title(), a.title()));
      }
    }
    // It can be carried out, and then there is nothing left to do.
    record = carry_out(plan, cluster, record, below);
    RC_ASSERT(plan_apply(cluster, roles, &record).empty());
  }));
}
