#pragma once

#include <functional>
#include <string>
#include <vector>

#include "provisioner/run/scheduler.h"
#include "provisioner/state/store.h"

namespace muster {

/// Writes a run into the store: when each step began, and how it ended. By itself for runs whose
/// steps change no record of nodes.
class EventJournal : public RunJournal {
 public:
  /// Nothing is owned.
  EventJournal(Store& store, const Clock& clock, const std::string& deployment,
               const std::string& command)
      : store_(store),
        clock_(clock),
        deployment_(deployment),
        run_(store.begin_run(deployment, command)) {}

  void together(const std::function<void()>& hooks) override { store_.together(hooks); }
  void before(const Step& step) override;
  void after(const Step& step, const StepResult& result) override;
  void unstarted(const Step& step, Outcome outcome, const std::string& why) override;
  void finish(const RunSummary& summary);

 private:
  /// `event` with all that tells of the step, here and now.
  Event event(const Step& step, Event event) const;
  std::vector<Event> changed_in(const Step& step, const StepResult& result) const;

  Store& store_;
  const Clock& clock_;
  std::string deployment_;
  std::int64_t run_;
  std::vector<Event> unstarted_;  // not written yet: there may be thousands at once
};

}  // namespace muster
