#include "provisioner/run/heartbeat.h"

#include "provisioner/base/error.h"
#include "provisioner/base/fibers.h"
#include "provisioner/base/log.h"

namespace muster {

void Heartbeat::keep(Held& held) {
  std::lock_guard lock(mutex_);
  if (!thread_.joinable()) {
    thread_ = std::jthread([this](const std::stop_token& stop) {
      for (pause_for(every_, stop); !stop.stop_requested(); pause_for(every_, stop)) beat();
    });
  }
  held_.insert(&held);
}

void Heartbeat::forget(Held& held) {
  std::lock_guard lock(mutex_);
  held_.erase(&held);
}

void Heartbeat::beat() {
  std::lock_guard lock(mutex_);
  std::set<Store*> stores;
  for (auto* held : held_) stores.insert(&held->store);
  for (auto* store : stores) {
    try {
      beat(*store);
    } catch (const Error& error) {
      log_info(error.what());  // the next beat may succeed; the locks live for several
    }
  }
}

void Heartbeat::beat(Store& store) {
  std::set<Held*> lost;
  store.together([&] {
    for (auto* held : held_) {
      if (&held->store != &store || held->lost.stop_requested()) continue;
      if (!store.renew_lease(held->deployment, kLeaseMs)) lost.insert(held);
    }
  });
  for (auto* held : lost) held->lost.request_stop();
}

}  // namespace muster
