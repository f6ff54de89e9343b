#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "inventory/cluster.h"
#include "providers/provider.h"
#include "provisioner/artifacts/artifacts.h"
#include "provisioner/engine/node_link.h"
#include "provisioner/engine/scheduler.h"
#include "provisioner/pki/pki.h"
#include "provisioner/state/store.h"

namespace muster {

/// What a run works with. Nothing is owned.
struct World {
  Store* store = nullptr;
  ProviderRegistry* providers = nullptr;
  Artifacts* artifacts = nullptr;
  const std::vector<Role>* roles = nullptr;
  std::vector<std::filesystem::path> role_directories;
  const Clock* clock = nullptr;
  Reporter* reporter = nullptr;
};

/// Does the steps of one deployment's run for real: provider calls and scripts over SSH. Errors
/// that a layer below throws become outcomes here.
class DeploymentRunner : public StepRunner {
 public:
  /// `cluster` is empty of nodes for a destroy. `record` is the state at the start. In check mode
  /// roles only say what they would change, and nothing is recorded. `stop` ends waits, not work.
  DeploymentRunner(const World& world, Cluster cluster, const DeploymentRecord& record, Mode mode,
                   std::stop_token stop);

  StepResult run(const Step& step, const std::function<void(Event)>& emit) override;

 private:
  StepResult create(const Step& step, const std::function<void(Event)>& emit);
  void give_back(const NodeRecord& node);
  ProvidedNode create_at_provider(const NodeSpec& spec, const std::string& provider,
                                  const std::function<void(Event)>& emit);
  StepResult destroy(const Step& step);
  StepResult run_role(const Step& step, const std::function<void(Event)>& emit);
  StepResult forget_role(const Step& step);
  void put_in_doubt(const Step& step);
  StepResult run_script(const Step& step, const Role& role, const std::vector<Task>& tasks,
                        const std::function<void(Event)>& emit);
  CompiledScript compile_for(const Step& step, const Role& role, const std::vector<Task>& tasks,
                             const Facts& facts, const std::string& nonce);
  Artifact artifact_for(const std::string& name, const Facts& facts);
  NodeRecord record_of(const std::string& node);
  void remember(const NodeRecord& node);
  Node node_of(const std::string& name);

  World world_;
  Cluster cluster_;
  Mode mode_;
  std::stop_token stop_;
  std::string tag_;
  SshKeyPair key_;
  NodeLinks links_;
  std::unique_ptr<Vault> vault_;

  std::mutex pki_mutex_;  ///< guards pki_
  Pki pki_;
  std::mutex nodes_mutex_;  ///< guards nodes_
  std::map<std::string, NodeRecord> nodes_;
};

/// Finds a deployment's nodes at its provider: unique over all states.
std::string deployment_tag(Store& store, const std::string& deployment);

/// The key that muster itself logs in with, one for each tenant; made when missing.
SshKeyPair tenant_key(Store& store, const std::string& tenant);

/// The deployment's part of the store's secrets as a vault.
std::unique_ptr<Vault> deployment_vault(Store& store, const std::string& deployment);

}  // namespace muster
