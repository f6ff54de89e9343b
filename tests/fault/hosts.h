#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace muster::testing {

/// The machines of kills.sh that were there before: a folder for each (see
/// tests/support/loopback-hosts.sh), and who has claimed them in MUSTER_INVENTORY_DIR.
class HostFolders {
 public:
  explicit HostFolders(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// From now on undos fail at random there.
  void give_luck(unsigned seed) const;
  /// Hosts that nobody has claimed, or whose node is not on record, with something of ours on them.
  std::vector<std::string> left_behind(const std::string& deployment) const;
  /// Files of nodes on record that are not as planned.
  std::vector<std::string> wrong_files(const std::string& deployment) const;
  /// Claims and hosts on which something of ours is.
  std::string what_is_left() const;

 private:
  std::vector<std::string> names() const;
  std::string traces_on(const std::string& name) const;

  std::filesystem::path folder_;
};

}  // namespace muster::testing
