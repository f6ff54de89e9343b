#include "provisioner/bmc/power.h"

#include <algorithm>
#include <functional>
#include <string>

#include "provisioner/base/clock.h"
#include "provisioner/base/error.h"
#include "provisioner/base/fibers.h"
#include "provisioner/base/text.h"

namespace muster {

namespace {

/// False when the time is over.
bool wait_for(Bmc& bmc, PowerState wanted, std::chrono::milliseconds time,
              const PowerLimits& limits) {
  for (Deadline deadline(time); bmc.state() != wanted;) {
    if (deadline.passed()) return false;
    pause_for(std::min(limits.look, deadline.left()), limits.stop);
    if (limits.stop.stop_requested()) {
      throw Error("interrupted while waiting for the power to be " + std::string(to_string(wanted)),
                  ExitCode::interrupted);
    }
  }
  return true;
}

/// An order is lost now and then, most often "on" shortly after "off": while nothing of it is to be
/// seen, it is given again.
void demand(Bmc& bmc, PowerState wanted, const PowerLimits& limits,
            const std::function<void()>& order) {
  const auto other = wanted == PowerState::on ? PowerState::off : PowerState::on;
  order();
  for (Deadline deadline(limits.change); !deadline.passed();) {
    if (wait_for(bmc, wanted, std::min(limits.again, deadline.left()), limits)) return;
    if (deadline.passed() || bmc.state() != other) continue;
    try {
      order();
    } catch (const Error&) {  // the first one was taken, and may still be on its way
    }
  }
  throw Error("the BMC took the order, and the power is not " + std::string(to_string(wanted)) +
              " after " + format_ms(limits.change.count()))
      .hint("look at the host's console and at the log of its BMC");
}

}  // namespace

void power_on(Bmc& bmc, const PowerLimits& limits) {
  if (bmc.state() == PowerState::on) return;
  demand(bmc, PowerState::on, limits, [&] { bmc.switch_on(); });
}

void power_off(Bmc& bmc, const PowerLimits& limits) {
  if (bmc.state() == PowerState::off) return;
  if (bmc.shut_down() && wait_for(bmc, PowerState::off, limits.shutdown, limits)) return;
  cut_power(bmc, limits);
}

void cut_power(Bmc& bmc, const PowerLimits& limits) {
  if (bmc.state() == PowerState::off) return;
  demand(bmc, PowerState::off, limits, [&] { bmc.cut_power(); });
}

void power_cycle(Bmc& bmc, const PowerLimits& limits) {
  cut_power(bmc, limits);
  power_on(bmc, limits);
}

}  // namespace muster
