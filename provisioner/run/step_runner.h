#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "inventory/cluster.h"
#include "inventory/index.h"
#include "provisioner/pki/pki.h"
#include "provisioner/run/node_link.h"
#include "provisioner/run/node_records.h"
#include "provisioner/run/scheduler.h"
#include "provisioner/run/world.h"
#include "provisioner/tasks/compile.h"

namespace muster {

/// How nodes and roles leave.
struct Leaving {
  /// Pods are moved away first, and what fails on a node that answers keeps the node. Without it (a
  /// deployment goes as a whole) nothing does.
  bool drains = true;
  int drain_seconds = 120;  ///< for all pods of a node
  bool force = false;       ///< whatever PodDisruptionBudgets allow, and whoever is left at the end
  /// Nodes ("deployment/node") whose machines the user says are gone for good. When such a one
  /// leaves and cannot be reached, it is let go of with all that roles made there.
  std::set<std::string> forgotten = {};
};

/// Does the steps of one deployment's run for real: provider calls and scripts over SSH. Errors
/// that a layer below throws become outcomes here. Writes nothing on record: see NodeRecords.
class DeploymentRunner : public StepRunner {
 public:
  /// `cluster`, `records` and `record` are kept by reference. In check mode roles only say what
  /// they would change. `stop` ends waits, not work. `links` may have lines to nodes that were
  /// checked already.
  DeploymentRunner(const World& world, const Cluster& cluster, NodeRecords& records,
                   const DeploymentRecord& record, Mode mode, std::stop_token stop,
                   std::shared_ptr<NodeLinks> links = nullptr);

  /// The settings that a role came with to a node; null when nobody knows. Any thread may ask.
  using Former =
      std::function<const ClusterSettings*(const std::string& node, const std::string& role)>;

  /// Before the first step; else as Leaving has it by itself. `leavers` are the nodes that the run
  /// destroys.
  void leave_as(const Leaving& leaving, std::set<std::string> leavers, Former former) {
    leaving_ = leaving;
    leavers_ = std::move(leavers);
    former_ = std::move(former);
  }

  StepResult run(const Step& step, const std::function<void(Event)>& emit) override;
  void release(const std::string& node) override { links_->forget(node); }

 private:
  using Emit = std::function<void(Event)>;
  using Note = std::function<void(const std::string&)>;

  StepResult create(const Step& step, const Emit& emit);
  ProvidedNode ask_provider(const NodeSpec& spec, const std::string& provider, const Emit& emit);
  ProvidedNode make(Provider& provider, const NodeSpec& spec);
  void wait_until_it_answers(const ProvidedNode& made, const std::string& node) const;
  void reach(const std::string& node, ProvidedNode& made);
  StepResult destroy(const Step& step, const Emit& emit);
  StepResult undo_role(const Step& step, const Emit& emit);
  StepResult run_role(const Step& step, const Emit& emit);
  StepResult run_script(NodeLink& link, const Step& step, const Role& role, const Emit& emit);
  std::chrono::seconds deadline_of(const Role& role) const;
  CompiledScript compile_for(const Step& step, const Role& role, const Facts& facts,
                             const std::string& nonce, Mode mode,
                             const std::string& packages_sha256);
  bool is_wiped(const NodeRecord& node) const;
  bool is_forgotten(const std::string& node) const;
  std::string bundled_packages(NodeLink& link, const Step& step, const Role& role,
                               const Facts& facts, const Note& note);
  bool lacks_packages(NodeLink& link, const Step& step, const Role& role, const Facts& facts);
  Artifact artifact_for(const std::string& name, const Facts& facts);
  std::map<std::string, bool> available_artifacts(const std::string& architecture);

  World world_;
  const Cluster& cluster_;
  NodeRecords& records_;
  RecordIndex before_;  ///< the run
  std::string deployment_;
  std::string tenant_;
  Mode mode_;
  Leaving leaving_;
  std::set<std::string> leavers_;
  Former former_;  ///< asked of leavers
  std::stop_token stop_;
  std::string tag_;
  SshKeyPair key_;
  std::shared_ptr<NodeLinks> links_;
  std::unique_ptr<Vault> vault_;
  const CertificateOrder certificates_;

  std::mutex pki_mutex_;  ///< guards pki_
  Pki pki_;
  std::mutex artifacts_mutex_;                                    ///< guards artifacts_
  std::map<std::string, std::map<std::string, bool>> artifacts_;  ///< by architecture, then name
};

}  // namespace muster
