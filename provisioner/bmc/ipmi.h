#pragma once

#include <string>
#include <vector>

#include "provisioner/bmc/bmc.h"

namespace muster {

/// IPMI 2.0 (RMCP+), through the program ipmitool: a session for each call.
class Ipmi : public Bmc {
 public:
  Ipmi(BmcEndpoint endpoint, std::stop_token stop)
      : endpoint_(std::move(endpoint)), stop_(std::move(stop)) {}

  PowerState state() override;
  void switch_on() override;
  bool shut_down() override;
  void cut_power() override;
  void boot_from_network_once() override;

 private:
  /// What it prints; throws Error when it fails.
  std::string run(const std::vector<std::string>& words) const;

  BmcEndpoint endpoint_;
  std::stop_token stop_;
};

/// What is wrong, of what `ipmitool -v` said on stderr.
std::string ipmi_problem(const std::string& said);

}  // namespace muster
