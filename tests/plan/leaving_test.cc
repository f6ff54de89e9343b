// Nodes that leave: what they wait for, and when they must not.
#include <doctest/doctest.h>

#include "provisioner/plan/edges.h"
#include "tests/support/clusters.h"

using namespace muster;
using namespace muster::testing;

namespace {

using Reasons = std::vector<std::string>;

/// Nodes of one letter each, called as the hosts that they are: masters with etcd.
Cluster masters(const std::string& names, const std::vector<Role>& roles = stock_roles()) {
  std::vector<Node> nodes;
  for (char name : names) {
    nodes.push_back(make_node(std::string(1, name), {"etcd", "k8s-master"}, roles));
  }
  return make_cluster(std::move(nodes));
}

Reasons reasons(const Cluster& cluster, const DeploymentRecord& record) {
  Reasons all;
  for (const auto& refusal : reasons_to_refuse(cluster, record)) all.push_back(refusal.reason);
  return all;
}

const char* const kNoMember =
    "none of the etcd members of 'quickstart' would stay, and with them all that Kubernetes knows "
    "would be gone";
const char* const kNoMaster =
    "none of the masters of 'quickstart' would stay, and nobody could drain and remove nodes any "
    "more";

}  // namespace

TEST_CASE("leaving: the first master is replaced by another host, which is whole before it goes") {
  auto roles = stock_roles();
  for (auto& role : roles) role.rolling = role.name == "etcd" || role.name == "k8s-master";
  auto record = applied(masters("abc", roles), roles);
  auto after = masters("dbc", roles);
  keep_pod_cidrs(after, record);
  CHECK(reasons(after, record).empty());
  auto plan = plan_apply(after, roles, &record);
  CHECK_FALSE(find_cycle(plan));
  for (const char* step : {"create d", "etcd on d", "k8s-master on d"}) {
    CHECK(waits_for(plan, "undo k8s-master on a", step));
  }
  // What restarts on those that stay has restarted, so that one master is away at a time.
  CHECK(waits_for(plan, "undo k8s-master on a", "k8s-master on b"));
  CHECK(waits_for(plan, "undo k8s-master on a", "k8s-master on c"));
  // etcd is left before the machine goes.
  CHECK(waits_for(plan, "destroy a", "undo etcd on a"));
  CHECK(waits_for(plan, "undo etcd on a", "undo k8s-master on a"));
  const auto* first = find_step(plan, "undo k8s-master on a");
  std::vector<std::pair<std::string, Opens>> gates;
  for (int gate : first->gates)
    gates.emplace_back(plan.gates[index(gate)].name, plan.gates[index(gate)].opens);
  CHECK(gates == std::vector<std::pair<std::string, Opens>>{
                     {"what restarts services", Opens::ended}, {"the new nodes", Opens::all_well}});
}

TEST_CASE("leaving: new nodes that are something else are not waited for") {
  auto roles = stock_roles();
  auto record = applied(stock_cluster(1), roles);
  auto cluster =
      make_cluster({make_node("c-1", {"etcd", "k8s-master", "network-bridge", "k8s-addons"}, roles),
                    make_node("db-1", {"base"}, roles)});
  auto plan = plan_apply(cluster, roles, &record);
  CHECK_FALSE(waits_for(plan, "undo base on w-1", "create db-1"));
  CHECK_FALSE(waits_for(plan, "destroy w-1", "base on db-1"));
}

TEST_CASE(
    "leaving: what is undone on a node that stays and on one that goes cannot wait in a ring") {
  std::vector<Role> roles{make_role("a"), make_role("b", {}, {"a"}), make_role("c", {}, {"b"})};
  roles[0].rolling = true;
  auto before =
      make_cluster({make_node("k", {"a", "b"}, roles), make_node("l", {"a", "c"}, roles)});
  auto record = applied(before, roles);
  roles[0].fingerprint = "other files";
  auto after = make_cluster({make_node("k", {"a"}, roles), make_node("n", {"a"}, roles)});
  auto plan = plan_apply(after, roles, &record);
  CHECK_FALSE(find_cycle(plan));
  CHECK(waits_for(plan, "undo c on l", "a on k"));
}

TEST_CASE("refusals: some member of etcd and some master must stay") {
  auto record = applied(masters("abc"), stock_roles());
  CHECK(reasons(masters("a"), record).empty());
  CHECK(reasons(masters("abcde"), record).empty());
  CHECK(reasons(masters("ade"), record).empty());
  CHECK(reasons(masters("def"), record) == Reasons{kNoMember, kNoMaster});
  CHECK(reasons_to_refuse(masters("def"), record)[0].hint ==
        "keep one of them until the new ones have joined");
  // What never came to be cannot be lost.
  for (auto& node : record.nodes) node.roles.clear();
  CHECK(reasons(masters("def"), record).empty());
}

TEST_CASE("refusals: the last master is one though etcd is elsewhere") {
  auto roles = stock_roles();
  auto cluster = [&](const char* master) {
    return make_cluster(
        {make_node("e", {"etcd"}, roles), make_node(master, {"k8s-master"}, roles)});
  };
  auto record = applied(cluster("m"), roles);
  CHECK(reasons(cluster("n"), record) == Reasons{kNoMaster});
  CHECK(reasons(cluster("m"), record).empty());
}

TEST_CASE("refusals: a quorum of etcd is not made anew unasked") {
  auto record = applied(masters("abc"), stock_roles());
  record.definition_file = "q.json";
  auto not_replaced = [&] {
    Reasons all;
    for (const auto& refusal : reasons_not_to_replace(masters("abc"), record)) {
      all.push_back(refusal.reason + "; " + refusal.hint);
    }
    return all;
  };
  CHECK(not_replaced().empty());
  node_in(record, "c").state = NodeState::lost;
  CHECK(not_replaced().empty());
  // One that is off keeps its disk.
  node_in(record, "a").state = NodeState::off;
  CHECK(not_replaced().empty());
  node_in(record, "b").state = NodeState::half_made;
  CHECK(not_replaced() ==
        Reasons{"2 of the 3 etcd members of 'quickstart' are gone (b, c), by the word of their "
                "providers: new ones would be a quorum that knows nothing; a member is left: make "
                "a cluster of what it has (muster recover quickstart), and apply again; or give up "
                "what etcd knows: muster apply q.json --replace-lost quickstart"});
  // As a recover leaves it: what is gone is given up, and what is left is whole.
  for (const char* name : {"b", "c"}) {
    for (auto& role : node_in(record, name).roles) {
      if (role.role == "etcd") role.fingerprint = kInDoubt;
    }
  }
  CHECK(not_replaced().empty());
  node_in(record, "a").state = NodeState::lost;
  CHECK(
      not_replaced() ==
      Reasons{"all nodes of 'quickstart' are gone (a, b, c), by the word of their providers: this "
              "apply would make another cluster; if that is so, begin anew: muster apply q.json "
              "--replace-lost quickstart; a backup of etcd comes back after it: muster etcd "
              "restore quickstart --from FILE"});
}

TEST_CASE("refusals: all masters are not made anew unasked, though etcd is elsewhere") {
  auto roles = stock_roles();
  auto cluster =
      make_cluster({make_node("e", {"etcd"}, roles), make_node("m", {"k8s-master"}, roles)});
  auto record = applied(cluster, roles);
  CHECK(reasons_not_to_replace(cluster, record).empty());
  node_in(record, "m").state = NodeState::lost;
  REQUIRE(reasons_not_to_replace(cluster, record).size() == 1);
  CHECK(reasons_not_to_replace(cluster, record)[0].reason ==
        "all masters of 'quickstart' are gone (m), by the word of their providers");
  // One that nobody wants any more is not made anew.
  auto without = make_cluster({make_node("e", {"etcd"}, roles)});
  CHECK(reasons_not_to_replace(without, record).empty());
}

TEST_CASE("refusals: no member leaves an etcd that has no quorum") {
  auto record = applied(masters("abc"), stock_roles());
  node_in(record, "c").state = NodeState::lost;
  // One of three is gone: it may be taken out or made anew.
  CHECK(reasons(masters("ab"), record).empty());
  CHECK(reasons(masters("abd"), record).empty());
  node_in(record, "b").state = NodeState::lost;
  CHECK(reasons(masters("a"), record) ==
        Reasons{"etcd of 'quickstart' has no quorum: of its 3 members, 1 can answer (not b, c), so "
                "none can leave (b, c would)"});
  // All stay: those that are gone are made anew.
  CHECK(reasons(masters("abc"), record).empty());
  // One that is only switched off comes back, when it is to stay.
  node_in(record, "b").state = NodeState::off;
  CHECK(reasons(masters("ab"), record).empty());
  CHECK(reasons(masters("a"), record).size() == 1);
}
