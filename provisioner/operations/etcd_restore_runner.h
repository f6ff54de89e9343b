#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "provisioner/operations/etcd_restore_plan.h"
#include "provisioner/operations/etcd_snapshot.h"
#include "provisioner/run/node_link.h"
#include "provisioner/run/scheduler.h"
#include "provisioner/run/world.h"

namespace muster {

/// What all steps of a restore know.
struct RestoreFacts {
  std::optional<SnapshotFile> file;
  std::string token;  ///< of the new cluster: members of the old one are none of it
  std::string aside;  ///< the directory that old data goes to
};

/// Does the steps of a RestorePlan on the nodes. What `stop` asks for is heeded until something is
/// stopped; from then on it goes on to the end.
class RestoreRunner : public StepRunner {
 public:
  /// All are kept by reference.
  RestoreRunner(const World& world, const Cluster& cluster, const DeploymentRecord& record,
                const RestoreScope& scope, const RestorePlan& plan, const RestoreFacts& facts,
                std::stop_token stop);

  StepResult run(const Step& step, const std::function<void(Event)>& emit) override;
  void release(const std::string& node) override { links_.forget(node); }

  /// For run_plan.
  std::stop_token stop() const { return stop_.get_token(); }
  /// Where the data of before is, by node.
  std::map<std::string, std::string> kept();
  /// The node whose own data was taken, once there is one.
  std::optional<std::string> chosen();

 private:
  struct Looked {
    std::int64_t revision = 0;
    std::uint64_t size = 0;
  };

  StepResult act(RestoreAct act, const std::string& node);
  StepResult send(const std::string& node);
  StepResult look(const std::string& node);
  StepResult swap(const std::string& node);
  StepResult finish(const std::string& node);
  StepResult start_etcd(const std::string& node);
  /// Throws Error when it does not end well; what it printed.
  std::string call(const std::string& node, const std::vector<std::string>& words,
                   std::chrono::seconds deadline);
  std::string peer_url(const std::string& node) const;
  std::string initial_cluster() const;
  std::uint64_t size();
  NodeLink& link(const std::string& node);

  const World& world_;
  const Cluster& cluster_;
  const DeploymentRecord& record_;
  const RestoreScope& scope_;
  const RestorePlan& plan_;
  const RestoreFacts& facts_;
  NodeLinks links_;
  std::stop_source stop_;
  std::atomic<bool> begun_ = false;  ///< something was stopped
  std::optional<std::stop_callback<std::function<void()>>> on_stop_;
  std::mutex mutex_;  ///< guards all below
  std::map<std::string, Looked> looked_;
  std::map<std::string, std::string> kept_;
};

}  // namespace muster
