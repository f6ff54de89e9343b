#pragma once

#include <map>
#include <string>

#include "provisioner/engine/scheduler.h"
#include "provisioner/state/store.h"

namespace muster {

/// Writes what steps begin and how they ended into the store, before and after the fact.
class StoreJournal : public RunJournal {
 public:
  StoreJournal(Store& store, const Clock& clock, const std::string& deployment,
               const std::string& command)
      : store_(store),
        clock_(clock),
        deployment_(deployment),
        run_(store.begin_run(deployment, command)) {}

  void before(const Step& step) override;
  void after(const Step& step, const StepResult& result) override;
  void finish(const RunSummary& summary);

 private:
  Event event(const Step& step) const;

  Store& store_;
  const Clock& clock_;
  std::string deployment_;
  std::int64_t run_;
  std::map<int, std::int64_t> started_ms_;  // by step
};

}  // namespace muster
