#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace muster {

/// What a node says of itself when a run connects to it.
struct Facts {
  /// arch, os, os_version, kernel, cpus, memory_mb, container, cgroup, oom_score_adj, nameserver,
  /// systemd (docs/roles.md says what each is); booleans are "true" or "false".
  std::map<std::string, std::string> values;
  std::vector<std::string> store;  ///< the sha256 of every artifact that the node has
};

/// A POSIX sh script for stdin of "sh".
std::string facts_script(const std::string& nonce);

/// Throws Error when the answer has no end: the node did not run the script whole.
Facts parse_facts(std::string_view answer, const std::string& nonce);

}  // namespace muster
