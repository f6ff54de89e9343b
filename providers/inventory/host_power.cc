#include "providers/inventory/host_power.h"

#include <chrono>
#include <functional>
#include <mutex>

#include "provisioner/base/error.h"
#include "provisioner/base/fibers.h"
#include "provisioner/base/parallel.h"
#include "provisioner/base/text.h"
#include "provisioner/bmc/power.h"
#include "provisioner/ssh/session.h"

namespace muster {

namespace {

constexpr std::chrono::seconds kHostLook{2};
constexpr std::chrono::minutes kHostBootDeadline{10};  // servers look at all they have first
constexpr std::chrono::minutes kLateDeadline{1};       // one that was on already
constexpr std::size_t kAtOnce = 16;

bool answers(const Host& host, std::chrono::milliseconds deadline) {
  return answers_ssh(host.endpoint.address, host.endpoint.port, deadline);
}

void wait_until_it_answers(const Host& host, std::chrono::milliseconds deadline) {
  if (answers(host, deadline)) return;
  throw Error("host '" + host.name + "' is on, and does not answer on SSH after " +
              format_ms(deadline.count()))
      .hint("look at its console; or start its sshd, and apply again");
}

void with_bmc(const Host& host, const std::string& doing, const std::function<void(Bmc&)>& work) {
  try {
    work(*connect_bmc(*host.bmc));
  } catch (Error& error) {
    error.while_doing(doing + " host '" + host.name + "'");
    throw;
  }
}

/// Looks at those that are left to muster to wake, on threads that may wait.
std::vector<bool> look_at(const std::vector<const Host*>& hosts,
                          const std::function<bool(const Host&)>& look) {
  std::vector<std::size_t> ours;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    if (hosts[i] != nullptr && hosts[i]->bmc && hosts[i]->bmc->wake) ours.push_back(i);
  }
  std::vector<bool> found(hosts.size());
  if (ours.empty()) return found;
  std::mutex mutex;  // guards found
  run_blocking([&] {
    in_parallel(ours.size(), kAtOnce, [&](std::size_t i) {
      const bool seen = look(*hosts[ours[i]]);
      std::lock_guard lock(mutex);
      found[ours[i]] = seen;
    });
  });
  return found;
}

}  // namespace

void wake(const Host& host) {
  if (answers(host, kHostLook)) return;
  bool was_on = false;
  with_bmc(host, "waking", [&](Bmc& bmc) {
    was_on = bmc.state() == PowerState::on;
    power_on(bmc, {});
  });
  wait_until_it_answers(host, was_on ? kLateDeadline : kHostBootDeadline);
}

void put_to_sleep(const Host& host) {
  with_bmc(host, "switching off", [](Bmc& bmc) { power_off(bmc, {}); });
}

void pull_plug(const Host& host) {
  with_bmc(host, "switching off", [](Bmc& bmc) { cut_power(bmc, {}); });
}

std::vector<bool> sleeping(const std::vector<const Host*>& hosts) {
  return look_at(hosts, [](const Host& host) { return !answers(host, kHostLook); });
}

std::vector<bool> switched_off(const std::vector<const Host*>& hosts) {
  return look_at(hosts, [](const Host& host) {
    try {
      return !answers(host, kHostLook) && connect_bmc(*host.bmc)->state() == PowerState::off;
    } catch (const Error&) {  // nobody knows; those who need it say what is wrong
      return false;
    }
  });
}

}  // namespace muster
