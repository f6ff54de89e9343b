#pragma once

#include <optional>
#include <string>
#include <vector>

#include "providers/local/address.h"

namespace muster {

/// What a definition may ask of a local node.
struct LocalHints {
  double cpus = 0;    ///< 0: no limit
  int memory_mb = 0;  ///< 0: no limit
  bool internet = true;
  std::string os = "debian-12";      ///< one of node_systems()
  std::optional<Ipv4Range> network;  ///< where tenants' networks are taken from
};

/// Reads the hints (JSON object text), adding one message to `mistakes` for each thing wrong.
/// Hints of clouds are passed over: a definition's hints come along with `--provider local`.
LocalHints parse_local_hints(const std::string& json, std::vector<std::string>& mistakes);

}  // namespace muster
