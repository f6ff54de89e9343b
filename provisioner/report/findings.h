#pragma once

#include <span>
#include <string>

#include "provisioner/events/finding.h"

namespace muster {

/// A line for each warning and error (and for all that is well, if wanted), the worst of each host
/// first; empty when there is none.
std::string findings_table(std::span<const HostFindings> hosts, bool all);
/// "3 hosts checked: 1 error, 2 warnings".
std::string findings_summary(std::span<const HostFindings> hosts);
/// A JSON array of the hosts.
std::string findings_json(std::span<const HostFindings> hosts);

}  // namespace muster
