#pragma once

#include <algorithm>
#include <functional>
#include <mutex>
#include <thread>

#include "provisioner/base/fibers.h"
#include "provisioner/run/heartbeat.h"
#include "provisioner/run/upload_choice.h"
#include "provisioner/ssh/bastion.h"
#include "provisioner/ssh/pacer.h"

namespace muster {

/// What the runs of this process share, each of them getting its turn.
struct RunResources {
  Fibers fibers{static_cast<int>(std::max(1U, std::thread::hardware_concurrency()))};
  /// Files on their way to nodes: enough to fill a fast line, and few enough that each gets on.
  Turnstile uploads{16};
  Pacer pacer;
  /// Held while a run gets what all need: images of nodes, artifacts. The others then have it.
  std::mutex preparing;
  Bastions bastions{fibers};
  Heartbeat heartbeat;
  /// How busy this machine is; a seam for tests, which a busy machine must not sway.
  std::function<double()> contention = muster::contention;
};

}  // namespace muster
