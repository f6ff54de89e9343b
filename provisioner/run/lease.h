#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "provisioner/run/heartbeat.h"
#include "provisioner/state/store.h"

namespace muster {

/// Our hold on a deployment: taken in the constructor, kept alive by the heartbeat, given back at
/// the end of life. Throws Error (exit code 3) naming the holder when another run has it.
class HeldLease {
 public:
  /// `stop` is the user's. Nothing is owned.
  HeldLease(Heartbeat& heartbeat, Store& store, const std::string& deployment,
            const std::string& command, const std::stop_token& stop = {});
  ~HeldLease();
  HeldLease(const HeldLease&) = delete;
  HeldLease& operator=(const HeldLease&) = delete;

  /// Requested when the user's is, and when the lock is lost: what is done with the deployment
  /// goes by this one.
  std::stop_token stop() const { return stop_.get_token(); }
  /// Requested when the lock is lost, whatever the user does.
  std::stop_token lost() const { return held_.lost.get_token(); }
  /// Throws Error (exit code 3) naming who has the lock now, once it is known to be lost.
  void check();

 private:
  struct Request {
    std::stop_source of;
    void operator()() { of.request_stop(); }
  };

  Heartbeat& heartbeat_;
  Heartbeat::Held held_;
  std::stop_source stop_;
  std::stop_callback<Request> on_stop_;
  std::stop_callback<Request> on_lost_;
};

struct LockPlace {
  Heartbeat& heartbeat;
  Store& store;
};

/// Does `work(options, lease)` under a deployment's lock: how all that changes one is done. Its
/// options are those given (they have a `command` and a `stop`), with a stop that comes with the
/// loss of the lock too. What it returns counts only if the lock is not known to be lost by then;
/// throws as HeldLease does.
template <typename Options, typename Work>
auto with_lock(const LockPlace& place, const std::string& deployment, Options options,
               const Work& work) {
  HeldLease lease(place.heartbeat, place.store, deployment, options.command, options.stop);
  options.stop = lease.stop();
  auto result = work(options, lease);
  lease.check();
  return result;
}

/// Whom this process runs as, and where: "anna@host".
std::string who_runs();

/// Whether a run may still be behind `lease`: it has not expired, and its process is not known to
/// be gone.
bool is_held(const Lease& lease, std::int64_t now_ms);

/// The lease of a run that goes on.
std::optional<Lease> held_lease(Store& store, const std::string& deployment, std::int64_t now_ms);

/// "anna@host, pid 12, since 2026-01-31T12:00:00.000Z, running 'muster apply x.json'".
std::string describe(const Lease& lease);

}  // namespace muster
