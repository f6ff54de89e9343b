#pragma once

#include <chrono>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <thread>

#include "provisioner/state/store.h"

namespace muster {

/// How long a lock lives without a beat. Several beats fit: one that fails costs nothing.
inline constexpr std::int64_t kLeaseMs = 60'000;

/// Keeps the locks of this process alive, with one thread and one transaction a beat for all of
/// them, and tells those that are lost.
class Heartbeat {
 public:
  /// A lock that is held, as its owner has it.
  struct Held {
    Store& store;
    std::string deployment;
    std::stop_source lost{};  ///< asked to stop when another has the lock, or nobody
  };

  explicit Heartbeat(std::chrono::milliseconds every = std::chrono::seconds(15)) : every_(every) {}

  /// From now on, until `forget`. The thread is started with the first; throws when it cannot be.
  void keep(Held& held);
  void forget(Held& held);
  /// One beat; the thread calls it.
  void beat();

 private:
  void beat(Store& store);

  std::chrono::milliseconds every_;
  std::mutex mutex_;  ///< guards all below, also while it beats: who is forgotten is not told
  std::set<Held*> held_;
  std::jthread thread_;  ///< last: it ends before what it uses
};

}  // namespace muster
