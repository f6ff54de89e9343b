#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "provisioner/base/error.h"
#include "provisioner/operations/operations.h"

namespace muster {

/// One of several runs, each of a deployment of its own.
struct JointTask {
  std::string deployment;
  std::function<Result(const RunOptions&)> run;  ///< apply or destroy; called in its own thread
};

/// How it ended.
struct JointResult {
  std::string deployment;
  Result result;               ///< when there is no error
  std::optional<Error> error;  ///< it did not begin, or was given up
  std::int64_t ms = 0;
};

/// Asked once for all runs, before any of them changes something; not at all when none will.
using JointConfirm = std::function<bool(const std::vector<const Plan*>&)>;

/// Does the tasks at the same time, in the order of `tasks` where that matters to people. What
/// becomes of one is nothing to the others; options.parallel is for all together. `confirm` may be
/// empty; options.confirm is not looked at. Reporters must stand many threads: SharedReporter.
std::vector<JointResult> run_jointly(const std::vector<JointTask>& tasks, const RunOptions& options,
                                     const JointConfirm& confirm);

}  // namespace muster
