#pragma once

#include <optional>
#include <string>
#include <vector>

namespace muster {

/// A node's claim on a host that exists already, as the state keeps it: one for each place.
struct HostClaim {
  std::string place;  ///< address and port of its sshd, "10.0.0.5:22"
  std::string token;  ///< of the node
  std::string deployment;
  std::string text;  ///< all that the provider knows of it; its own
  std::string link;  ///< the file that shows it to other states; may be another user's
};

/// The claims of one state, whoever uses it. Calls are durable when they return; any thread and
/// process may make them.
class ClaimLedger {
 public:
  enum class Put { made, renewed, refused };

  virtual ~ClaimLedger() = default;

  /// What the tags of this state's deployments begin with.
  virtual std::string tag_prefix() = 0;
  /// Differs from before whenever somebody may have changed a claim; cheap.
  virtual std::string version() = 0;
  virtual std::vector<HostClaim> all() = 0;
  virtual std::optional<HostClaim> find(const std::string& place) = 0;
  /// Refused where the place is another node's.
  virtual Put put(const HostClaim& claim) = 0;
  /// Fine when there is none, or the place is another node's by now.
  virtual void remove(const HostClaim& claim) = 0;
};

}  // namespace muster
