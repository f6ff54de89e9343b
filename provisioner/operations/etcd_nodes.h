#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "inventory/cluster.h"
#include "provisioner/operations/etcd_member.h"
#include "provisioner/run/world.h"
#include "provisioner/ssh/session.h"

namespace muster {

/// What a node may take to end what another run, since killed, has begun there.
inline constexpr std::chrono::seconds kEtcdPatience{180};

/// For root's sh on `node`: the function of etcd.sh that `words` begin with, with its arguments.
/// With `takes_input` it may read what follows the script on stdin.
std::string etcd_script(const Cluster& cluster, const std::string& node,
                        const std::vector<std::string>& words, bool takes_input = false);

/// Why a function failed, in the node's words.
std::string words_of(const RemoteResult& result);

/// What a node answered.
struct EtcdAnswer {
  std::string silent;  ///< why it could not be asked; empty: it was
  std::string output;
};

/// Calls a function of etcd.sh on all of these nodes at the same time. Throws nothing that a node
/// is to blame for.
std::map<std::string, EtcdAnswer> ask_nodes(const World& world, const Cluster& cluster,
                                            const DeploymentRecord& record,
                                            const std::vector<std::string>& nodes,
                                            const std::vector<std::string>& words,
                                            std::stop_token stop);

/// The states of all members on record, in its order. Throws Error (exit code 2) when there is
/// none.
std::vector<MemberState> ask_members(const World& world, const Cluster& cluster,
                                     const DeploymentRecord& record, std::stop_token stop);

/// Tells apart the keys that Secrets are encrypted with, without telling them; empty when the
/// deployment has none yet.
std::string encryption_key_id(Store& store, const std::string& deployment);

}  // namespace muster
