#include "provisioner/operations/etcd_member.h"

#include <doctest/doctest.h>

using namespace muster;

namespace {

// As etcd 3.4.23 says it; the ids are beyond what a double holds.
const std::string kStatus =
    R"(status [{"Endpoint":"https://127.0.0.1:2379","Status":{"header":{"cluster_id":17300438976491492131,)"
    R"("member_id":13668033151171901709,"revision":3,"raft_term":2},"version":"3.4.23","dbSize":20480,)"
    R"("leader":185828541645115251,"raftIndex":10,"raftTerm":2,"raftAppliedIndex":10,"dbSizeInUse":16384}}])";
const std::string kMembers =
    R"(members {"header":{"cluster_id":1},"members":[{"ID":185828541645115251,"name":"b",)"
    R"("peerURLs":["https://10.0.0.2:2380"],"clientURLs":["https://10.0.0.2:2379"]},)"
    R"({"ID":3990370604368066554,"peerURLs":["https://10.0.0.3:2380"]},)"
    R"({"ID":13668033151171901709,"name":"a","peerURLs":["https://10.0.0.1:2380"]}]})";

MemberState member(const std::string& node, bool healthy, bool has_data = true) {
  MemberState state;
  state.node = node;
  state.unit = "active";
  state.healthy = healthy;
  state.has_data = has_data;
  return state;
}

MemberState silent(const std::string& node) {
  MemberState state;
  state.node = node;
  state.silent = "'" + node + "' does not answer: timed out";
  return state;
}

NodeRecord node(const std::string& name, const std::vector<RoleRecord>& roles,
                NodeState state = NodeState::ready) {
  NodeRecord record;
  record.name = name;
  record.state = state;
  record.roles = roles;
  return record;
}

}  // namespace

TEST_CASE("etcd member: all that a node says is read") {
  auto state = parse_member("a", "unit active\ndata true\n" + kStatus + "\n" + kMembers +
                                     "\nhealthy true\nalarms {\"alarms\":[{\"memberID\":"
                                     "13668033151171901709,\"alarm\":1},{\"memberID\":7,"
                                     "\"alarm\":2}]}\n");
  CHECK(state.unit == "active");
  CHECK(state.has_data);
  CHECK(state.healthy);
  REQUIRE(state.status);
  CHECK(state.status->id == 13668033151171901709ULL);
  CHECK(state.status->leader == 185828541645115251ULL);
  CHECK_FALSE(state.leads());
  CHECK(state.status->revision == 3);
  CHECK(state.status->db_size == 20480);
  CHECK(state.alarms == std::vector<std::string>{"NOSPACE"});
  REQUIRE(state.list.size() == 3);
  CHECK(state.list[1].name.empty());
  CHECK(state.list[1].peer == "https://10.0.0.3:2380");
}

TEST_CASE("etcd member: what is no answer counts as absent") {
  for (const std::string& text :
       {std::string(), std::string("status nonsense\nmembers {\nalarms 7\n"),
        std::string("status []\nstatus [{}]\nmembers {\"members\":7}\n"),
        std::string("\n \n$x\n")}) {
    auto state = parse_member("a", text);
    CHECK_FALSE(state.status);
    CHECK_FALSE(state.healthy);
    CHECK(state.list.empty());
  }
}

TEST_CASE("etcd member: members and records that do not agree are told") {
  auto state = parse_member("a", kStatus + "\n" + kMembers + "\n");
  CHECK(strangers({state, silent("c")}) ==
        std::vector<std::string>{"'b' is a member of etcd and not on record",
                                 "a member at https://10.0.0.3:2380 was added and has never run",
                                 "'c' is on record and no member of etcd"});
  CHECK(strangers({silent("a"), silent("b")}).empty());  // nobody knows
}

TEST_CASE("etcd member: a backup takes a healthy one, and no leader when it can") {
  auto leader = member("a", true);
  leader.status = MemberStatus{};
  leader.status->id = leader.status->leader = 7;
  auto follower = member("c", true);
  CHECK(member_to_save({leader, member("b", false), follower})->node == "c");
  CHECK(member_to_save({silent("b"), leader})->node == "a");
  CHECK(member_to_save({silent("a"), member("b", false)}) == nullptr);
}

TEST_CASE("etcd member: recover is refused while there is a quorum, or could be one") {
  CHECK(reason_not_to_recover({member("a", true), member("b", true), silent("c")}) ==
        "2 of 3 etcd members are healthy: there is a quorum");
  CHECK(reason_not_to_recover({member("a", false), member("b", false), silent("c")}) ==
        "the machines of 2 of 3 etcd members answer, with their data: that is a quorum, once etcd "
        "runs there");
  CHECK(reason_not_to_recover({member("a", false), member("b", false, false), silent("c")}) == "");
  CHECK(reason_not_to_recover({member("a", false), silent("b"), silent("c")}) == "");
  CHECK(reason_not_to_recover({silent("a")}) == "");
  CHECK(reason_not_to_recover({member("a", true)}) ==
        "1 of 1 etcd member is healthy: there is a quorum");
}

TEST_CASE("etcd member: a recover that was cut may go on, whatever runs by then") {
  auto begun = member("a", true);
  begun.unproven = "before-restore-20260131T120000Z";
  CHECK(reason_not_to_recover({begun, silent("b"), silent("c")}) == "");
}

TEST_CASE("etcd member: its state is said in words") {
  CHECK(words(member("a", true)) == "etcd is healthy, its data is that of before");
  auto state = member("a", false, false);
  state.unit = "inactive";
  CHECK(words(state) == "etcd is stopped, it has no data");
  state.has_data = true;
  state.unproven = "before-restore-20260131T120000Z";
  CHECK(words(state) ==
        "etcd is stopped, its data is restored; that of before is in "
        "/var/lib/etcd/before-restore-20260131T120000Z");
  CHECK(words(silent("a")) == "does not answer");
}

TEST_CASE("etcd member: the layout is that of the record") {
  DeploymentRecord record;
  record.nodes = {node("a", {{"etcd", "x"}, {"kube-control-plane", "x"}, {"kube-node-ready", "x"}}),
                  node("b", {{"etcd", kInDoubt}}), node("c", {{"etcd", ""}}),
                  node("d", {{"etcd", "x"}}, NodeState::creating),
                  node("e", {{"kube-node-ready", "x"}})};
  auto layout = etcd_layout(record);
  CHECK(layout.members == std::vector<std::string>{"a", "b"});
  CHECK(layout.masters == std::vector<std::string>{"a"});
  CHECK(layout.kubelets == std::vector<std::string>{"a", "e"});
}
