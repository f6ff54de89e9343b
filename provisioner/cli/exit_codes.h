#pragma once

#include "provisioner/base/error.h"
#include "provisioner/run/scheduler.h"

namespace muster {

inline constexpr int kDone = static_cast<int>(ExitCode::done);
inline constexpr int kFailed = static_cast<int>(ExitCode::step_failed);
inline constexpr int kUsage = static_cast<int>(ExitCode::usage);

/// What muster exits with after such a run.
inline int exit_code_of(const RunSummary& run) {
  if (run.interrupted) return static_cast<int>(ExitCode::interrupted);
  return run.good() ? kDone : kFailed;
}

}  // namespace muster
