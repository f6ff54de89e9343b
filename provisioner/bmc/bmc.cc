#include "provisioner/bmc/bmc.h"

#include "provisioner/bmc/ipmi.h"
#include "provisioner/bmc/redfish.h"

namespace muster {

const char* to_string(PowerState state) {
  switch (state) {
    case PowerState::off:
      return "off";
    case PowerState::on:
      return "on";
    case PowerState::changing:
      break;
  }
  return "changing";
}

std::unique_ptr<Bmc> connect_bmc(const BmcEndpoint& endpoint, const std::stop_token& stop) {
  if (endpoint.kind == BmcEndpoint::Kind::ipmi) return std::make_unique<Ipmi>(endpoint, stop);
  return std::make_unique<Redfish>(endpoint, stop);
}

}  // namespace muster
