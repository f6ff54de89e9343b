#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "providers/local/cgroups.h"
#include "providers/local/hints.h"
#include "providers/local/records.h"

namespace muster {

/// What this machine has of all that local nodes need.
struct LocalFacts {
  bool root = false;
  std::vector<std::string> missing_programs;
  std::string folder;
  std::uint64_t free_bytes = 0;
  bool overlay = false;            ///< the kernel knows overlay file systems
  bool folder_on_overlay = false;  ///< the folder cannot hold the upper layer of another one
  bool cgroups = false;
  bool kmsg = false;             ///< /dev/kmsg, which kubelets read
  bool forward_drops = false;    ///< iptables-legacy would cut nodes off
  std::vector<Ipv4Range> taken;  ///< ranges of the host that are not ours
};

LocalFacts gather_local_facts(const LocalRecords& records, bool image_ready);

/// Why no node can be made here and now, one line each with what to do.
std::vector<std::string> local_problems(const LocalFacts& facts, const LocalHints& hints);

/// Where networks come from when the hints do not say.
Ipv4Range default_local_pool();

}  // namespace muster
