#pragma once

#include <memory>
#include <stop_token>

#include "inventory/bmc_endpoint.h"

namespace muster {

enum class PowerState {
  off,
  on,
  changing  ///< on its way to one of them; ask again
};

const char* to_string(PowerState state);

/// The power switch of one host. Calls return when the BMC has taken the order, not when it is
/// carried out (power.h waits for that), and throw Errors that name the BMC. For one thread.
class Bmc {
 public:
  virtual ~Bmc() = default;

  virtual PowerState state() = 0;
  virtual void switch_on() = 0;
  /// Asks the operating system to end; false when the BMC cannot.
  virtual bool shut_down() = 0;
  /// As if the plug were pulled.
  virtual void cut_power() = 0;
  /// The next start, and only that, is from the network.
  virtual void boot_from_network_once() = 0;
};

/// Logs in where the protocol has sessions; they end with the object. A `stop` ends waits for a BMC
/// that is busy.
std::unique_ptr<Bmc> connect_bmc(const BmcEndpoint& endpoint, const std::stop_token& stop = {});

}  // namespace muster
