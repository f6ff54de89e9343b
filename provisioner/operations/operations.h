#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "provisioner/events/finding.h"
#include "provisioner/operations/given_up.h"
#include "provisioner/operations/planned.h"
#include "provisioner/run/scheduler.h"
#include "provisioner/run/step_runner.h"

namespace muster {

/// How a run is to be done, whatever it does.
struct RunOptions {
  int parallel = kParallel;
  int max_failures = 0;  ///< after so many failed steps nothing more is started; 0: no limit
  std::string command;   ///< as the user typed it, for the lease and the history
  std::stop_token stop;  ///< Ctrl-C
  /// Of an apply: when the deployment expires, by the wall clock; 0: never; nothing: as before.
  std::optional<std::int64_t> expires_ms;
  Leaving leaving;   ///< of an apply; a destroy drains nothing
  GivenUp given_up;  ///< of an apply
  /// Shown the plan before anything changes; false stops. An empty one: all is only checked.
  std::function<bool(const Plan&)> confirm;
  /// Of an apply: whether new nodes' machines are checked before anything changes (preflight.h).
  bool check_hosts = true;
  /// Told what was found, before `confirm` is asked.
  std::function<void(const std::vector<HostFindings>&)> on_findings;
};

struct ApplyRequest {
  const DefinitionResult* input = nullptr;  ///< without errors
  std::optional<Plan> exactly;              ///< refuse unless the plan is this one
  bool atomic = false;                      ///< all of it, or back to what was there before
  Reorder reorder = {};  ///< called when no other run can change the order any more
};

/// How an atomic apply that did not end well was undone.
struct Undone {
  int back_to = 0;  ///< the revision; 0: there was no deployment before
  RunSummary run;
};

/// What came of an apply or a destroy.
struct Result {
  RunSummary run;
  bool declined = false;         ///< `confirm` said no: nothing was changed
  std::optional<Undone> undone;  ///< of an atomic apply that did not end well
};

/// Makes the cluster so. With nothing to change, every role is checked (and mended) instead.
/// An atomic apply that fails or is stopped goes back to the revision that the deployment had, or
/// destroys it when there was none; one whose definition is the one it had has nothing to go back
/// to. Should that be cut too, the record says where it goes back to (undo_to), and an atomic apply
/// that is run again knows.
Result apply(const World& world, const ApplyRequest& request, const RunOptions& options);

/// Deletes the deployment's nodes, known or found at the provider, and forgets it when all are
/// gone. Fine when there is no such deployment.
Result destroy(const World& world, const std::string& deployment, const RunOptions& options);

}  // namespace muster
