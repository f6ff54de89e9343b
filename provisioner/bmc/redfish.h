#pragma once

#include <nlohmann/json_fwd.hpp>
#include <stop_token>
#include <string>
#include <vector>

#include "provisioner/bmc/bmc.h"
#include "provisioner/bmc/redfish_session.h"

namespace muster {

/// One system of a Redfish service.
class Redfish : public Bmc {
 public:
  Redfish(const BmcEndpoint& endpoint, const std::stop_token& stop,
          std::shared_ptr<HttpTransport> transport = curl_transport());

  PowerState state() override;
  void switch_on() override;
  bool shut_down() override;
  void cut_power() override;
  void boot_from_network_once() override;

 private:
  std::string find_system();
  /// The first of these kinds that the system knows; empty when it knows none.
  std::string kind_of_reset(const std::vector<std::string>& kinds);
  HttpResponse order(const std::string& kind, const std::string& doing);
  void reset(const std::string& kind, const std::string& doing);
  std::vector<std::string> known_resets(const nlohmann::json& action);

  BmcEndpoint endpoint_;
  RedfishSession session_;
  std::string system_;  ///< its path
};

}  // namespace muster
