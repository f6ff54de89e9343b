#pragma once

#include <vector>

#include "inventory/hosts.h"

namespace muster {

// What the BMCs of hosts are told. Throw Error when a host is not as wanted in time. In a fiber
// they leave the thread to the others.

/// Returns when the host answers on SSH. One that does not, and is off, is switched on.
void wake(const Host& host);
/// Asks its operating system to end, and cuts the power when it does not.
void put_to_sleep(const Host& host);
/// As if its plug were pulled.
void pull_plug(const Host& host);

/// In the order of `hosts`: whether it is left to muster to wake it, and it does not answer.
std::vector<bool> sleeping(const std::vector<const Host*>& hosts);
/// The same, and its BMC says that it is off.
std::vector<bool> switched_off(const std::vector<const Host*>& hosts);

}  // namespace muster
