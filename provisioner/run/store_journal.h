#pragma once

#include <functional>
#include <string>
#include <vector>

#include "provisioner/run/node_records.h"
#include "provisioner/run/run_journal.h"

namespace muster {

/// The same for runs that make and change nodes: what becomes of these is written with the events,
/// before and after the fact.
class StoreJournal : public EventJournal {
 public:
  /// Nothing is owned. `give_back` gets a node that was made and could not be put on record: while
  /// the provider was making it, another run may have taken the deployment over and destroyed it.
  StoreJournal(Store& store, const Clock& clock, NodeRecords& records,
               const std::string& deployment, const std::string& command,
               std::function<void(const NodeRecord&)> give_back)
      : EventJournal(store, clock, deployment, command),
        records_(records),
        give_back_(std::move(give_back)) {}

  void together(const std::function<void()>& hooks) override;
  void before(const Step& step) override;
  void after(const Step& step, const StepResult& result) override;

 private:
  NodeRecords& records_;
  std::function<void(const NodeRecord&)> give_back_;
  std::vector<NodeRecord> unknown_;  // nodes that could not be put on record
};

}  // namespace muster
