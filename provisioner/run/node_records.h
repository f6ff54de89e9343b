#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "inventory/cluster.h"
#include "inventory/index.h"
#include "provisioner/run/scheduler.h"
#include "provisioner/state/store.h"

namespace muster {

/// What is on record of a deployment's nodes while a run changes them: intent before each step,
/// the effect after it. The scheduler's thread writes (durably, see Store), unless a function says
/// otherwise; any thread reads.
class NodeRecords {
 public:
  using Endpoints = std::map<std::string, Endpoint>;

  /// `cluster` is empty of nodes for a destroy; it is kept by reference, as the store is.
  NodeRecords(Store& store, const Cluster& cluster, const DeploymentRecord& record);

  void before(const Step& step);
  void after(const Step& step, const StepResult& result);
  /// The provider has the node's machine under this handle, and it is not whole yet. Any thread may
  /// say it.
  void is_coming(const std::string& node, const std::string& handle);

  /// Empty but for its name when nothing is on record.
  NodeRecord of(const std::string& node) const;
  /// Whether the provider has given the machine to another node by now: its handles are not for
  /// good.
  bool is_another_nodes(const std::string& handle, const NodeRecord& node) const;
  /// As the definition has it; of a node that leaves, what the record has.
  Node node(const std::string& name) const;
  /// Of every node that has an address, also when it is off for now.
  std::shared_ptr<const Endpoints> endpoints() const;

 private:
  void put(const NodeRecord& node);
  NodeRecord intended(const Step& step) const;
  void put_in_doubt(const Step& step);
  void forget_role(const Step& step);

  Store& store_;
  NodeIndex wanted_;
  std::string deployment_;
  mutable std::mutex mutex_;  ///< guards all below
  std::map<std::string, NodeRecord> nodes_;
  std::map<std::string, std::map<std::string, std::string>> labels_;  ///< of machines that were got
  mutable std::shared_ptr<const Endpoints> endpoints_;                ///< made when asked for
};

}  // namespace muster
