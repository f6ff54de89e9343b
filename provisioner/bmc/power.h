#pragma once

#include <chrono>
#include <stop_token>

#include "provisioner/bmc/bmc.h"

namespace muster {

/// How long a switch is waited for.
struct PowerLimits {
  std::chrono::milliseconds shutdown{120'000};  ///< for an operating system to end; then it is cut
  std::chrono::milliseconds change{60'000};     ///< for the power to go off, or on
  std::chrono::milliseconds look{1'000};        ///< between two looks at the state
  std::stop_token stop = {};                    ///< ends the wait with an Error (interrupted)
  std::chrono::milliseconds again{20'000};      ///< after which an order is given once more
};

// They return when the host is as wanted, also when it was before, and throw Error when it is not
// in time.

void power_on(Bmc& bmc, const PowerLimits& limits);
/// Asks the operating system first, and cuts the power when that does not end.
void power_off(Bmc& bmc, const PowerLimits& limits);
/// At once.
void cut_power(Bmc& bmc, const PowerLimits& limits);
/// Cuts the power and gives it back; a host that is off is switched on.
void power_cycle(Bmc& bmc, const PowerLimits& limits);

}  // namespace muster
