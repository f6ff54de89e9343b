#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace muster {

/// Writes m_look, which looks at the files and directories of all tasks with two programs: where
/// all is well, no task needs one. What it saw holds until a task changes something, or for two
/// seconds.
class LookAhead {
 public:
  /// A task's number and call; of a file, also its content and the content's SHA-256. Tasks of
  /// other kinds are not looked at.
  void add(std::size_t number, const std::vector<std::string>& call, std::size_t bytes,
           const std::string& sha256);

  std::string function() const;
  /// Assignments of what the files of tasks will be, for the ledger too.
  const std::string& sums() const { return sums_; }
  /// Any task that makes a file or a link.
  void add_sum(std::size_t number, const std::string& sha256);

 private:
  std::string attributes_;
  std::string contents_;
  std::string sums_;
  int paths_ = 0;
};

}  // namespace muster
