#pragma once

#include <string>
#include <vector>

#include "provisioner/plan/plan.h"

namespace muster {

/// What a restore does on one node, in one step.
enum class RestoreAct {
  send,     ///< the snapshot
  prepare,  ///< makes etcd's new data of it, beside the old
  stop_control_plane,
  stop_etcd,
  look,   ///< which revision the node's own data has
  swap,   ///< old data aside, new data in its place
  leave,  ///< old data aside; the node joins with the next apply
  start_etcd,
  start_api,
  restart_kubelet,
  start_controllers,  ///< and the scheduler
  restart_dns,
  finish  ///< nothing of the restore is left but the data of before
};

/// Where it is to be done.
struct RestoreScope {
  std::string deployment;
  std::string tenant;
  /// The members of the new cluster. Without a file: those that have data, of which one is chosen
  /// when all have been looked at, and the others leave.
  std::vector<std::string> members;
  std::vector<std::string> leavers;  ///< members of the old cluster alone
  std::vector<std::string> masters;
  std::vector<std::string> kubelets;
  bool from_file = true;
};

/// Steps, and what each of them does, by its id. A step's role is what it is called.
struct RestorePlan {
  Plan plan;
  std::vector<RestoreAct> acts;
};

/// Each kind of step waits until the one before it has ended well everywhere. From a file all that
/// can go wrong is done before anything is stopped. Pure.
RestorePlan plan_restore(const RestoreScope& scope);

/// "stop etcd".
std::string words(RestoreAct act);

/// From here on a stop would leave the cluster without its API.
bool is_destructive(RestoreAct act);

}  // namespace muster
