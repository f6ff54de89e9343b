#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace muster {

/// A program to run on this machine, without a shell between.
struct ProcessSpec {
  std::vector<std::string> argv;  ///< argv[0] is looked up in PATH
  std::string input;              ///< given on stdin; secrets belong here, never in argv
  std::chrono::milliseconds deadline{60'000};
  std::vector<std::string> environment;  ///< "NAME=value", added to ours
  /// Ended (SIGTERM to its group) by an InterruptScope: for builds that take minutes.
  bool interruptible = false;
  std::size_t output_limit = 0;  ///< bytes of stdout, or of stderr, that are too much; 0: none are
  /// Called for each line of stderr as it comes, when set.
  std::function<void(std::string_view)> on_error_line;
};

struct ProcessResult {
  int exit_code = 0;  ///< 128 + signal when killed
  std::string output;
  std::string error_output;
  bool timed_out = false;  ///< the deadline passed, and the program's process group was killed
  bool too_much_output = false;  ///< so it was beyond the output limit
};

/// Runs to the end. Throws Error only when the program cannot be started, or was interrupted
/// (exit code 130). Should muster itself be killed, the kernel ends the program.
ProcessResult run_process(const ProcessSpec& spec);

/// The program's stdout; throws Error with its stderr when it fails or is late.
std::string run_or_throw(const ProcessSpec& spec);
std::string run_or_throw(std::vector<std::string> argv);

/// As long as it lives, interruptible programs that this thread runs are ended when `stop` is
/// requested, and those that it would run later: the user pressed Ctrl-C, or the run is to go no
/// further. The innermost one counts. A fiber must not wait in it, but for a program.
class InterruptScope {
 public:
  explicit InterruptScope(std::stop_token stop);
  ~InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;

  const std::stop_token& stop() const { return stop_; }

 private:
  std::stop_token stop_;
  const InterruptScope* outer_;
};

/// The stop of this thread's innermost InterruptScope, for what is waited for otherwise; one that
/// never comes when there is none.
std::stop_token interruption();

}  // namespace muster
