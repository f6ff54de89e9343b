#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <thread>

#include "provisioner/state/store.h"

namespace muster {

/// Our hold on a deployment: taken in the constructor, kept alive by a heartbeat, given back at
/// the end of life. Throws Error (exit code 3) naming the holder when another run has it.
class HeldLease {
 public:
  HeldLease(Store& store, const std::string& deployment, const std::string& command);
  ~HeldLease();
  HeldLease(const HeldLease&) = delete;
  HeldLease& operator=(const HeldLease&) = delete;

 private:
  Store& store_;
  std::string deployment_;
  std::jthread heartbeat_;
};

/// Whether a run may still be behind `lease`: it has not expired, and its process is not known to
/// be gone.
bool is_held(const Lease& lease, std::int64_t now_ms);

/// The lease of a run that goes on.
std::optional<Lease> held_lease(Store& store, const std::string& deployment, std::int64_t now_ms);

/// "anna@host, pid 12, since 2026-01-31T12:00:00.000Z, running 'muster apply x.json'".
std::string describe(const Lease& lease);

}  // namespace muster
