#pragma once

#include <chrono>
#include <filesystem>
#include <vector>

#include "providers/provider.h"
#include "provisioner/artifacts/artifacts.h"
#include "provisioner/base/backoff.h"
#include "provisioner/base/clock.h"
#include "provisioner/definition/role.h"
#include "provisioner/events/event.h"
#include "provisioner/run/lease.h"
#include "provisioner/run/run_resources.h"
#include "provisioner/state/store.h"

namespace muster {

/// How long a list of a provider is given to show what it lacks: clouds take seconds.
struct Patience {
  int tries = 4;
  std::chrono::milliseconds pause{1'000};  ///< before the second try; each later one is longer
  std::chrono::milliseconds most{3'000};

  Backoff pauses() const { return {pause, most}; }
};

/// The real objects that a command works with, handed on together: who gets one may ask the state
/// and the providers, fetch, and tell. Nothing is owned: the command line's Context makes all of
/// them and keeps them until the command has ended (tests: their Trial), so the struct is copied
/// freely. What needs one or two of them takes these instead.
struct World {
  Store* store = nullptr;  ///< null only where a definition is checked and there is no state yet
  ProviderRegistry* providers = nullptr;
  Artifacts* artifacts = nullptr;
  const std::vector<Role>* roles = nullptr;
  std::vector<std::filesystem::path> role_directories;  ///< of templates, before the built-in ones
  const Clock* clock = nullptr;
  Reporter* reporter = nullptr;
  RunResources* resources = nullptr;  ///< shared by all runs of the process
  Patience patience = {};

  LockPlace lock_place() const { return {resources->heartbeat, *store}; }
};

}  // namespace muster
