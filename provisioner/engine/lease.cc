#include "provisioner/engine/lease.h"

#include <pwd.h>
#include <unistd.h>

#include <chrono>

#include "provisioner/base/clock.h"
#include "provisioner/base/error.h"
#include "provisioner/base/fibers.h"
#include "provisioner/base/log.h"
#include "provisioner/base/process.h"

namespace muster {

namespace {

constexpr std::int64_t kLifeMs = 60'000;
constexpr std::chrono::seconds kHeartbeat{15};

std::string user_name() {
  const passwd* user = ::getpwuid(::geteuid());
  return user != nullptr ? user->pw_name : std::to_string(::geteuid());
}

std::string host_name() {
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  return name;
}

}  // namespace

bool is_held(const Lease& lease, std::int64_t now_ms) {
  if (lease.expires_ms <= now_ms) return false;
  return lease.host != host_name() || is_running(lease.pid);
}

std::optional<Lease> held_lease(Store& store, const std::string& deployment, std::int64_t now_ms) {
  auto lease = store.lease(deployment);
  return lease && is_held(*lease, now_ms) ? lease : std::nullopt;
}

std::string describe(const Lease& lease) {
  return lease.user + "@" + lease.host + ", pid " + std::to_string(lease.pid) + ", since " +
         format_time(lease.since_ms) + ", running '" + lease.command + "'";
}

HeldLease::HeldLease(Store& store, const std::string& deployment, const std::string& command)
    : store_(store), deployment_(deployment) {
  Lease wanted;
  wanted.deployment = deployment;
  wanted.user = user_name();
  wanted.host = host_name();
  wanted.pid = ::getpid();
  wanted.command = command;
  wanted.since_ms = RealClock().wall_ms();
  if (auto holder = store.acquire_lease(wanted, kLifeMs)) {
    throw Error("'" + deployment + "' is in use by " + describe(*holder), ExitCode::locked)
        .hint("wait for it; if that run is gone for good: muster unlock " + deployment + " --yes");
  }
  heartbeat_ = std::jthread([this](std::stop_token stop) {
    for (pause_for(kHeartbeat, stop); !stop.stop_requested(); pause_for(kHeartbeat, stop)) {
      try {
        store_.renew_lease(deployment_, kLifeMs);
      } catch (const Error& error) {
        log_info(error.what());  // the next beat may succeed; the lease lives for several
      }
    }
  });
}

HeldLease::~HeldLease() {
  heartbeat_.request_stop();
  if (heartbeat_.joinable()) heartbeat_.join();
  try {
    store_.release_lease(deployment_);
  } catch (const Error& error) {
    log_info(error.what());  // it expires by itself
  }
}

}  // namespace muster
