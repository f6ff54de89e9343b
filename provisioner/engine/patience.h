#pragma once

#include <chrono>

#include "provisioner/base/backoff.h"

namespace muster {

/// How long a list of a provider is given to show what it lacks: clouds take seconds.
struct Patience {
  int tries = 4;
  std::chrono::milliseconds pause{1'000};  ///< before the second try; each later one is longer
  std::chrono::milliseconds most{3'000};

  Backoff pauses() const { return {pause, most}; }
};

}  // namespace muster
