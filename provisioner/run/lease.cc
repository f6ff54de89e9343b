#include "provisioner/run/lease.h"

#include <pwd.h>
#include <unistd.h>

#include "provisioner/base/clock.h"
#include "provisioner/base/error.h"
#include "provisioner/base/log.h"
#include "provisioner/pki/pki.h"

namespace muster {

namespace {

constexpr int kOwnerBytes = 8;

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

std::string who_runs() { return user_name() + "@" + host_name(); }

bool is_held(const Lease& lease, std::int64_t now_ms) {
  return lease.expires_ms > now_ms && !has_ended(lease.process);
}

std::optional<Lease> held_lease(Store& store, const std::string& deployment, std::int64_t now_ms) {
  auto lease = store.lease(deployment);
  return lease && is_held(*lease, now_ms) ? lease : std::nullopt;
}

std::string describe(const Lease& lease) {
  return lease.user + "@" + lease.host + ", pid " + std::to_string(lease.process.pid) + ", since " +
         format_time(lease.since_ms) + ", running '" + lease.command + "'";
}

HeldLease::HeldLease(Heartbeat& heartbeat, Store& store, const std::string& deployment,
                     const std::string& command, const std::stop_token& stop)
    : heartbeat_(heartbeat),
      held_{store, deployment},
      on_stop_(stop, Request{stop_}),
      on_lost_(held_.lost.get_token(), Request{stop_}) {
  Lease wanted;
  wanted.deployment = deployment;
  wanted.owner = random_hex(kOwnerBytes);
  wanted.user = user_name();
  wanted.host = host_name();
  wanted.process = this_process();
  wanted.command = command;
  if (auto holder = store.acquire_lease(wanted, kLeaseMs)) {
    throw Error("'" + deployment + "' is in use by " + describe(*holder), ExitCode::locked)
        .hint("wait for it; if that run is gone for good: muster unlock " + deployment + " " +
              holder->owner + " --yes");
  }
  try {
    heartbeat.keep(held_);
  } catch (...) {
    store.release_lease(deployment);
    throw;
  }
}

HeldLease::~HeldLease() {
  heartbeat_.forget(held_);
  try {
    held_.store.release_lease(held_.deployment);
  } catch (const Error& error) {
    log_info(error.what());  // it expires by itself
  }
}

void HeldLease::check() {
  if (lost().stop_requested()) held_.store.check_lease(held_.deployment);
}

}  // namespace muster
