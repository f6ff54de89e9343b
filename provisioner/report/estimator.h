#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "provisioner/plan/plan.h"

namespace muster {

/// How long a run still takes, when it is known how long its steps take: the longest of
/// - the longest chain of steps that wait for each other,
/// - the most that one node has to do, since it does one step at a time,
/// - all that is left, over the steps that may run at once.
/// Pure: its only clock is what it is told. Times are ms by any clock that all calls share.
class Estimator {
 public:
  /// `expected_ms` by step. `plan` is not kept.
  Estimator(const Plan& plan, std::vector<std::int64_t> expected_ms, int parallel);

  void start(int step, std::int64_t now_ms);
  /// It ended, well or not, or will never start.
  void finish(int step);

  /// Never negative; steps that take longer than expected count as about to end. Costs time with
  /// the nodes and the running steps, not with all steps.
  std::int64_t left_ms(std::int64_t now_ms) const;

 private:
  enum class State : char { waiting, running, ended };

  std::vector<std::int64_t> expected_ms_;  // by step
  std::vector<std::int64_t> chain_ms_;     // from the beginning of a step to the end of the run
  std::vector<int> by_chain_;              // steps, the longest chain first
  std::size_t longest_ = 0;                // in by_chain_: none before it is waiting
  std::vector<std::size_t> nodes_;         // by step: its index in node_ms_
  std::vector<std::int64_t> node_ms_;      // of steps that have not ended
  std::vector<State> states_;              // by step
  std::map<int, std::int64_t> running_;    // since when
  std::int64_t work_ms_ = 0;               // of steps that have not ended
  int parallel_;
};

}  // namespace muster
