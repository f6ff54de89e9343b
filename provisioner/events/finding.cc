#include "provisioner/events/finding.h"

#include <algorithm>

namespace muster {

std::string to_string(Level level) {
  switch (level) {
    case Level::ok:
      return "ok";
    case Level::warning:
      return "warning";
    case Level::error:
      break;
  }
  return "error";
}

bool HostFindings::has(Level level) const {
  return std::ranges::any_of(findings,
                             [&](const Finding& finding) { return finding.level == level; });
}

std::size_t count_of(std::span<const HostFindings> hosts, Level level) {
  std::size_t count = 0;
  for (const auto& host : hosts) {
    count += static_cast<std::size_t>(std::ranges::count(host.findings, level, &Finding::level));
  }
  return count;
}

}  // namespace muster
