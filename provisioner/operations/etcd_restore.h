#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "provisioner/run/scheduler.h"
#include "provisioner/run/world.h"

namespace muster {

struct RestoreRequest {
  std::string deployment;
  /// A snapshot; a recover without one takes what a member has.
  std::optional<std::filesystem::path> file;
  bool force = false;  ///< although what is known speaks against it
};

struct RestoreOptions {
  std::string command;   ///< as typed, for the lease and the history
  std::stop_token stop;  ///< heeded until something is stopped
  /// Asked before anything changes: what will be done. An empty one: yes.
  std::function<bool(const std::string&)> confirm;
  std::function<void(const std::string&)> on_note;
};

struct RestoreResult {
  RunSummary run;
  bool declined = false;
  std::vector<std::string> states;          ///< of one that failed: a line for each member
  std::map<std::string, std::string> kept;  ///< where a node has the data of before
};

/// Puts a snapshot into all members of a deployment's etcd, of which a new cluster is made, and
/// restarts what has the old data in its memory. All members and masters must answer. Journaled as
/// a run, under the deployment's lease; cut anywhere, it can be run again. Throws Error when it
/// refuses: nothing is changed then.
RestoreResult restore_etcd(const World& world, const RestoreRequest& request,
                           RestoreOptions options);

/// After the quorum was lost for good: makes a cluster of one member, of a snapshot or of the
/// newest data that a member still has. The others join it with the next apply.
RestoreResult recover_etcd(const World& world, const RestoreRequest& request,
                           RestoreOptions options);

}  // namespace muster
