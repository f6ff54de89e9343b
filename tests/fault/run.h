#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace muster::testing {

/// When a run is killed: so many milliseconds after it has said so many lines. 0 ms is a boundary:
/// nothing has happened since but what the line says.
struct Instant {
  int line = 0;
  int ms = 0;
};

std::string to_string(const Instant& instant);

/// A muster that the harness started, whose events it reads one by one; killed with us.
class Run {
 public:
  /// $MUSTER with these arguments and --json; what it says to people is added to `log`.
  Run(const std::vector<std::string>& arguments, const std::filesystem::path& log);
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  /// Kills it (-9) at the instant; false when it had ended before.
  bool kill_at(const Instant& instant);
  /// Hears it to its end. Its exit code, or 128 + signal.
  int wait();

  /// Lines so far, and milliseconds from its start to its end.
  int lines() const { return lines_; }
  int ms() const { return ms_; }
  /// Steps that it began, and those that it ended well, as the plan names them.
  const std::set<std::string>& started() const { return started_; }
  const std::set<std::string>& done() const { return done_; }

 private:
  bool next_line();
  void take(const std::string& line);

  pid_t pid_ = -1;
  int events_ = -1;
  std::string heard_;  ///< not yet a whole line
  int lines_ = 0;
  std::set<std::string> started_;
  std::set<std::string> done_;
  int ms_ = 0;
  std::chrono::steady_clock::time_point began_;
};

}  // namespace muster::testing
