#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "providers/local/records.h"

namespace muster {

/// The command line of the node's container.
std::vector<std::string> nspawn_arguments(const LocalNode& node,
                                          const std::filesystem::path& folder,
                                          const std::filesystem::path& store);

/// A node's first process, held back until go(): it has its own session, mounts (the node's
/// disk, seen by nobody else) and network namespace, and nothing of ours. All of that lives in
/// the process alone, so it is gone whenever the process is, and when we die before go(), the
/// process ends by itself.
class HeldNode {
 public:
  HeldNode(const std::vector<std::string>& argv, const std::string& overlay,
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
