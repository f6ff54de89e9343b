#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "inventory/cluster.h"
#include "inventory/record.h"
#include "provisioner/plan/plan.h"
#include "provisioner/run/scheduler.h"
#include "provisioner/state/store.h"

namespace muster {

/// How long steps take, learned from earlier runs of any deployment: whole nodes by verb and
/// provider, roles by verb and role. For one run; used by one thread. What it knows orders the
/// steps of a run and says how long the run will take; it never changes what a plan is.
class Durations {
 public:
  /// Reads what `store` knows. `cluster` and `record` say which provider a node is of.
  Durations(Store& store, const Cluster& cluster, const DeploymentRecord& record);

  /// Nothing when no step of the kind was seen.
  std::optional<std::int64_t> expected_ms(const Step& step) const;
  /// By step; nothing when there is one that nobody knows: half an estimate is none.
  std::optional<std::vector<std::int64_t>> expected_ms(const Plan& plan) const;

  /// Gives the steps of `plan`, as the planner made it, weights by what was learned. That what a
  /// role starts takes a while to be of use (settles_seconds) still counts, on top.
  void weigh(Plan& plan) const;

  /// `step` ended well after `ms`.
  void learn(const Step& step, std::int64_t ms);
  /// Records what was learned since, in one transaction: half of it is the mean of this run, half
  /// what was known. The next run does without what could not be recorded, so that is only logged.
  void save() noexcept;

 private:
  using Key = std::tuple<std::string, std::string, std::string>;  // verb, role, provider

  struct Learned {
    std::int64_t sum_ms = 0;
    std::int64_t samples = 0;
  };

  Key key_of(const Step& step) const;

  Store& store_;
  std::unordered_map<std::string, std::string> providers_;  // by node
  std::map<Key, DurationRecord> known_;
  std::map<Key, Learned> learned_;  // in this run
};

/// Hands everything on to another journal, and teaches `durations` how long steps that ended well
/// took.
class LearningJournal : public RunJournal {
 public:
  LearningJournal(RunJournal& journal, Durations& durations)
      : journal_(journal), durations_(durations) {}

  void together(const std::function<void()>& hooks) override { journal_.together(hooks); }
  void before(const Step& step) override { journal_.before(step); }
  void after(const Step& step, const StepResult& result) override;
  void unstarted(const Step& step, Outcome outcome, const std::string& why) override {
    journal_.unstarted(step, outcome, why);
  }

 private:
  RunJournal& journal_;
  Durations& durations_;
};

}  // namespace muster
