#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "inventory/record.h"

namespace muster {

/// Where etcd and Kubernetes run by the record, by name and in its order.
struct EtcdLayout {
  std::vector<std::string> members;
  std::vector<std::string> masters;
  std::vector<std::string> kubelets;
};
EtcdLayout etcd_layout(const DeploymentRecord& record);

/// A member, as another one lists it.
struct ListedMember {
  std::uint64_t id = 0;
  std::string name;  ///< empty: it was added and has not run yet
  std::string peer;  ///< its URL
  bool learner = false;
};

/// What a member says of itself.
struct MemberStatus {
  std::uint64_t id = 0;
  std::uint64_t leader = 0;  ///< 0: it knows none
  std::string version;
  std::uint64_t db_size = 0;
  std::uint64_t db_in_use = 0;
  std::int64_t revision = 0;
  std::uint64_t raft_term = 0;
  std::uint64_t raft_index = 0;
};

/// One node that etcd was set up on, as it is now.
struct MemberState {
  std::string node;
  std::string silent;  ///< why the node does not answer; empty: it does
  std::string unit;    ///< systemd's word for etcd.service: "active", "activating", ...
  bool has_data = false;
  bool healthy = false;  ///< takes requests, so it has a quorum
  /// A restore on it did not come to its end; the directory with the data of before.
  std::optional<std::string> unproven;
  std::optional<MemberStatus> status;  ///< nothing: its etcd does not answer
  std::vector<ListedMember> list;
  std::vector<std::string> alarms;  ///< its own: "NOSPACE", "CORRUPT"

  bool leads() const {
    return healthy && status && status->leader != 0 && status->leader == status->id;
  }
};

/// Of what the function "member" of etcd.sh printed. Lines that cannot be understood count as
/// absent: nodes may say anything.
MemberState parse_member(const std::string& node, const std::string& output);

/// "etcd is stopped, its data is restored": for who has to go on by hand.
std::string words(const MemberState& state);

/// One that can be asked for a snapshot: healthy, and no leader if there is a choice, which has
/// enough to do. Null when none is healthy.
const MemberState* member_to_save(const std::vector<MemberState>& states);

/// Why `muster recover` must not throw away what other members have; empty when it may.
std::string reason_not_to_recover(const std::vector<MemberState>& states);

/// JSON of all, for -o json.
std::string members_json(const std::string& deployment, const std::vector<MemberState>& states);

/// A line for each member that is in the cluster and not on record, or the other way round.
std::vector<std::string> strangers(const std::vector<MemberState>& states);

}  // namespace muster
