#include "provisioner/operations/etcd_member.h"

#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "provisioner/base/text.h"
#include "provisioner/operations/json_value.h"

namespace muster {

namespace {

using Json = nlohmann::json;

MemberStatus status_of(const Json& json) {
  const auto& own = json.at(0).at("Status");
  MemberStatus status;
  status.id = own.at("header").at("member_id").get<std::uint64_t>();
  status.leader = value_of<std::uint64_t>(own, "leader");
  status.version = value_of<std::string>(own, "version");
  status.db_size = value_of<std::uint64_t>(own, "dbSize");
  status.db_in_use = value_of<std::uint64_t>(own, "dbSizeInUse");
  status.revision = value_of<std::int64_t>(own.at("header"), "revision");
  status.raft_term = value_of<std::uint64_t>(own, "raftTerm");
  status.raft_index = value_of<std::uint64_t>(own, "raftIndex");
  return status;
}

std::vector<ListedMember> list_of(const Json& json) {
  std::vector<ListedMember> list;
  for (const auto& member : json.at("members")) {
    auto peers = value_of<std::vector<std::string>>(member, "peerURLs");
    list.push_back({member.at("ID").get<std::uint64_t>(), value_of<std::string>(member, "name"),
                    peers.empty() ? "" : peers.front(), value_of<bool>(member, "isLearner")});
  }
  return list;
}

std::vector<std::string> alarms_of(const Json& json, std::uint64_t id) {
  std::vector<std::string> alarms;
  if (json.find("alarms") == json.end()) return alarms;
  for (const auto& alarm : json.at("alarms")) {
    if (value_of<std::uint64_t>(alarm, "memberID") != id) continue;
    alarms.push_back(value_of<int>(alarm, "alarm") == 1 ? "NOSPACE" : "CORRUPT");
  }
  return alarms;
}

void take(MemberState& state, const std::string& key, const std::string& value) {
  if (key == "unit") state.unit = value;
  if (key == "data") state.has_data = value == "true";
  if (key == "healthy") state.healthy = value == "true";
  if (key == "unproven") state.unproven = value;
  if (key == "status") state.status = status_of(Json::parse(value));
  if (key == "members") state.list = list_of(Json::parse(value));
  if (key == "alarms" && state.status) {
    state.alarms = alarms_of(Json::parse(value), state.status->id);
  }
}

bool has(const NodeRecord& node, const std::string& name) {
  const auto* role = node.find_role(name);
  return node.state == NodeState::ready && role != nullptr && !role->fingerprint.empty();
}

Json json_of(const MemberState& state) {
  Json json{{"node", state.node}, {"healthy", state.healthy}, {"leader", state.leads()}};
  if (!state.silent.empty()) json["silent"] = first_line(state.silent);
  if (!state.unit.empty()) json["unit"] = state.unit;
  if (state.unproven) json["unfinished_restore"] = true;
  if (state.status) {
    json["id"] = state.status->id;
    json["version"] = state.status->version;
    json["db_size"] = state.status->db_size;
    json["db_in_use"] = state.status->db_in_use;
    json["revision"] = state.status->revision;
    json["raft_term"] = state.status->raft_term;
    json["raft_index"] = state.status->raft_index;
  }
  json["alarms"] = state.alarms;
  return json;
}

/// The list of the member that knows best.
const std::vector<ListedMember>* best_list(const std::vector<MemberState>& states) {
  const std::vector<ListedMember>* best = nullptr;
  for (const auto& state : states) {
    if (state.list.empty()) continue;
    if (state.healthy) return &state.list;
    if (best == nullptr) best = &state.list;
  }
  return best;
}

}  // namespace

EtcdLayout etcd_layout(const DeploymentRecord& record) {
  EtcdLayout layout;
  for (const auto& node : record.nodes) {
    if (has(node, "etcd")) layout.members.push_back(node.name);
    if (has(node, "kube-control-plane")) layout.masters.push_back(node.name);
    if (has(node, "kube-node-ready")) layout.kubelets.push_back(node.name);
  }
  return layout;
}

MemberState parse_member(const std::string& node, const std::string& output) {
  MemberState state;
  state.node = node;
  for (const auto& line : split(output, '\n')) {
    auto space = line.find(' ');
    if (space == std::string::npos) continue;
    try {
      take(state, line.substr(0, space), line.substr(space + 1));
    } catch (const Json::exception&) {  // as if it had not said it
    }
  }
  return state;
}

std::string words(const MemberState& state) {
  if (!state.silent.empty()) return "does not answer";
  std::string text = state.healthy                ? "etcd is healthy"
                     : state.unit == "active"     ? "etcd runs and has no quorum"
                     : state.unit == "activating" ? "etcd is starting, or waits for a quorum"
                     : state.unit == "inactive"   ? "etcd is stopped"
                                                  : "etcd is " + state.unit;
  if (!state.has_data) return text + ", it has no data";
  if (!state.unproven) return text + ", its data is that of before";
  return text + ", its data is restored; that of before is in /var/lib/etcd/" + *state.unproven;
}

const MemberState* member_to_save(const std::vector<MemberState>& states) {
  const MemberState* found = nullptr;
  for (const auto& state : states) {
    if (!state.healthy) continue;
    if (!state.leads()) return &state;
    found = &state;
  }
  return found;
}

std::string reason_not_to_recover(const std::vector<MemberState>& states) {
  auto is_cut = [](const MemberState& state) { return state.unproven.has_value(); };
  if (std::ranges::any_of(states, is_cut)) return "";
  const auto healthy =
      static_cast<std::size_t>(std::ranges::count_if(states, &MemberState::healthy));
  const auto of_all = " of " + count_of(states.size(), "etcd member");
  if (healthy > 0) {
    return std::to_string(healthy) + of_all + (healthy == 1 ? " is" : " are") +
           " healthy: there is a quorum";
  }
  const auto there = static_cast<std::size_t>(std::ranges::count_if(
      states, [](const MemberState& state) { return state.silent.empty() && state.has_data; }));
  if (there < states.size() / 2 + 1) return "";
  return "the machines of " + std::to_string(there) + of_all +
         " answer, with their data: that is a quorum, once etcd runs there";
}

std::string members_json(const std::string& deployment, const std::vector<MemberState>& states) {
  Json members = Json::array();
  for (const auto& state : states) members.push_back(json_of(state));
  Json json{{"deployment", deployment}, {"members", members}, {"problems", strangers(states)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::vector<std::string> strangers(const std::vector<MemberState>& states) {
  std::vector<std::string> lines;
  const auto* list = best_list(states);
  if (list == nullptr) return lines;
  for (const auto& listed : *list) {
    if (listed.name.empty()) {
      lines.push_back("a member at " + listed.peer + " was added and has never run");
    } else if (std::ranges::find(states, listed.name, &MemberState::node) == states.end()) {
      lines.push_back("'" + listed.name + "' is a member of etcd and not on record");
    }
  }
  for (const auto& state : states) {
    if (std::ranges::find(*list, state.node, &ListedMember::name) != list->end()) continue;
    lines.push_back("'" + state.node + "' is on record and no member of etcd");
  }
  return lines;
}

}  // namespace muster
