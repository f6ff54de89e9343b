#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "provisioner/operations/operations.h"

namespace muster {

/// Whose machines are checked.
enum class Checking {
  new_nodes,  ///< those that the plan creates, where the machines exist already
  all_nodes   ///< those that exist as well; new ones without a machine are told
};

/// Asks the machines what they are, all at the same time, an exchange each, and judges the answers
/// (preflight_rules.h). One that does not answer keeps the others waiting for as long as a
/// connection may take. Changes nothing.
std::vector<HostFindings> preflight(const World& world, const Planned& planned, Checking which,
                                    const RunOptions& options);

/// The machines of an apply's new nodes, checked. Throws Error when there is a reason not to begin.
class CheckedHosts {
 public:
  CheckedHosts(const World& world, const Planned& planned, const RunOptions& options);

  /// The connections, for the run; null when there are none, or when they were left alone for so
  /// long that they may be dead.
  std::shared_ptr<NodeLinks> take_links();

  /// By node, of those that answered: "amd64", "arm64", or what else the machine is.
  const std::map<std::string, std::string>& architectures() const { return architectures_; }

 private:
  const Clock& clock_;
  std::int64_t checked_ms_ = 0;
  std::map<std::string, std::string> architectures_;
  std::shared_ptr<NodeLinks> links_;
};

}  // namespace muster
