#include "provisioner/base/text.h"
#include "provisioner/plan/fingerprints.h"
#include "provisioner/plan/plan.h"

namespace muster {

namespace {

/// Where the nodes that have a role on record are, and where they go.
struct Holders {
  int all = 0;
  int alive = 0;  ///< their disks are there
  bool any_stays = false;
  std::vector<std::string> leaving;
  std::vector<std::string> gone;  ///< their providers no longer have them
};

Holders holders_of(const Cluster& cluster, const DeploymentRecord& record,
                   const std::string& role) {
  Holders holders;
  const auto wanted = index_of(cluster);
  for (const auto& node : record.nodes) {
    const auto* had = node.find_role(role);
    bool is_there = node.state == NodeState::ready || node.state == NodeState::off;
    if (had == nullptr || had->fingerprint.empty()) continue;
    if (!is_there && node.state != NodeState::lost) continue;
    ++holders.all;
    const auto* kept = find_in(wanted, node.name);
    bool stays = kept != nullptr && wants(*kept, role);
    // One that is off and leaves is not switched on for it.
    bool alive = node.state == NodeState::ready || (node.state == NodeState::off && stays);
    if (alive) ++holders.alive;
    if (!alive) holders.gone.push_back(node.name);
    holders.any_stays = holders.any_stays || (alive && stays);
    if (!stays) holders.leaving.push_back(node.name);
  }
  return holders;
}

}  // namespace

std::vector<Refusal> reasons_to_refuse(const Cluster& cluster, const DeploymentRecord& record) {
  std::vector<Refusal> refusals;
  const auto members = holders_of(cluster, record, "etcd");
  if (members.leaving.empty()) {
    // Nobody is taken out: what is gone is made anew.
  } else if (members.alive > 0 && 2 * members.alive <= members.all) {
    refusals.push_back({"etcd of '" + cluster.name + "' has no quorum: of its " +
                            std::to_string(members.all) + " members, " +
                            std::to_string(members.alive) + " can answer (not " +
                            join(members.gone, ", ") + "), so none can leave (" +
                            join(members.leaving, ", ") + " would)",
                        "bring back enough of them first"});
  } else if (!members.any_stays) {
    refusals.push_back({"none of the etcd members of '" + cluster.name +
                            "' would stay, and with them all that Kubernetes knows would be gone",
                        "keep one of them until the new ones have joined"});
  }
  const auto masters = holders_of(cluster, record, "k8s-master");
  if (!masters.leaving.empty() && !masters.any_stays) {
    refusals.push_back({"none of the masters of '" + cluster.name +
                            "' would stay, and nobody could drain and remove nodes any more",
                        "keep one of them until the new ones have joined"});
  }
  return refusals;
}

}  // namespace muster
