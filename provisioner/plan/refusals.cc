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

/// What was on its disk is not to be had any more.
bool is_gone(const NodeRecord& node) {
  return node.state == NodeState::lost || node.state == NodeState::half_made;
}

Holders holders_of(const Cluster& cluster, const DeploymentRecord& record,
                   const std::string& role) {
  Holders holders;
  const auto wanted = index_of(cluster);
  for (const auto& node : record.nodes) {
    const auto* had = node.find_role(role);
    if (had == nullptr || had->fingerprint.empty()) continue;
    if (!node.is_there() && !is_gone(node)) continue;
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

/// Nodes that are gone and would be made anew, and those that are as they were.
struct Losses {
  std::vector<std::string> gone;
  int kept = 0;
  bool given_up = true;  ///< a recover has put in doubt all that are gone, and none that is kept

  std::string counted(const std::string& noun) const {
    return std::to_string(gone.size()) + " of the " +
           std::to_string(kept + static_cast<int>(gone.size())) + " " + noun;
  }
};

/// Of the nodes that have `role` on record; empty: of all.
Losses losses_of(const Cluster& cluster, const DeploymentRecord& record, const std::string& role) {
  Losses losses;
  const auto wanted = index_of(cluster);
  for (const auto& node : record.nodes) {
    const auto* had = role.empty() ? nullptr : node.find_role(role);
    if (!role.empty() && (had == nullptr || had->fingerprint.empty())) continue;
    if (node.is_there()) {
      ++losses.kept;
      if (had != nullptr && !had->whole()) losses.given_up = false;
    } else if (is_gone(node) && find_in(wanted, node.name) != nullptr) {
      losses.gone.push_back(node.name);
      if (had == nullptr || had->whole()) losses.given_up = false;
    }
  }
  return losses;
}

}  // namespace

std::vector<Refusal> reasons_not_to_replace(const Cluster& cluster,
                                            const DeploymentRecord& record) {
  const auto& name = cluster.name;
  const auto& file = record.definition_file;
  const auto anew = "muster apply " + file + " --replace-lost " + name;
  const auto all = losses_of(cluster, record, "");
  const auto members = losses_of(cluster, record, "etcd");
  const auto masters = losses_of(cluster, record, "k8s-master");
  const auto kept = static_cast<std::size_t>(members.kept);
  std::string hint = "if that is so, begin anew: " + anew;
  if (!members.gone.empty() && kept == 0) {
    hint += "; a backup of etcd comes back after it: muster etcd restore " + name + " --from FILE";
  }
  if (!all.gone.empty() && all.kept == 0) {
    return {{"all nodes of '" + name + "' are gone (" + join(all.gone, ", ") +
                 "), by the word of their providers: this apply would make another cluster",
             hint}};
  }
  if (!members.gone.empty() && kept <= members.gone.size() && !members.given_up) {
    if (kept > 0) {
      hint = "a member is left: make a cluster of what it has (muster recover " + name +
             "), and apply again; or give up what etcd knows: " + anew;
    }
    return {{members.counted("etcd members") + " of '" + name + "' are gone (" +
                 join(members.gone, ", ") +
                 "), by the word of their providers: new ones would be a quorum that knows nothing",
             hint}};
  }
  if (!masters.gone.empty() && masters.kept == 0) {
    return {{"all masters of '" + name + "' are gone (" + join(masters.gone, ", ") +
                 "), by the word of their providers",
             hint}};
  }
  return {};
}

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
