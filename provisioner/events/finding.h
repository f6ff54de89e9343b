#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace muster {

/// How bad it is: only an error keeps an apply from beginning.
enum class Level { ok, warning, error };

std::string to_string(Level level);  ///< "ok", "warning", "error"

/// What one check of one host found.
struct Finding {
  Level level = Level::ok;
  std::string check;   ///< "clock", "ports", ...
  std::string detail;  ///< one line
  std::string remedy;  ///< what to do about it; empty when all is well
  /// The host does not answer: that fails its own node, which is no reason not to begin.
  bool unreachable = false;
};

/// All that was found of one host.
struct HostFindings {
  std::string deployment;
  std::string node;   ///< what the host is, or is to be
  std::string place;  ///< "10.0.0.1", or empty: the node has no machine yet
  std::vector<Finding> findings;

  bool has(Level level) const;
};

/// How many findings are of this level.
std::size_t count_of(std::span<const HostFindings> hosts, Level level);

}  // namespace muster
