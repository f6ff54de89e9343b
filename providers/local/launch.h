#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "providers/local/records.h"

namespace muster {

/// Where the text of keep-node.sh is, in the node's folder.
inline constexpr const char* kKeeper = "keep-node.sh";

/// The command line that runs the node's container. `group`: see keep-node.sh.
std::vector<std::string> node_command(const LocalNode& node, const std::filesystem::path& folder,
                                      const std::filesystem::path& store, const std::string& group);

/// A node's first process, held back until go(): it has its own session, cgroups, mounts (the
/// node's disk, seen by nobody else) and network namespace, and nothing of ours. All of that lives
/// in the process alone, so it is gone whenever the process is, and when we die before go(), the
/// process ends by itself.
class HeldNode {
 public:
  /// `entrances`: see make_cgroups.
  HeldNode(const std::vector<std::string>& argv, const std::string& overlay,
           const std::vector<std::filesystem::path>& entrances,
           const std::filesystem::path& folder);
  ~HeldNode();
  HeldNode(const HeldNode&) = delete;
  HeldNode& operator=(const HeldNode&) = delete;

  pid_t pid() const { return pid_; }
  void go();

 private:
  int socket_ = -1;
  pid_t pid_ = 0;
};

/// The last lines of a program's talk, for an error.
std::string last_lines(std::string_view text, std::size_t count);

}  // namespace muster
