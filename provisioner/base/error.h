#pragma once

#include <cstddef>
#include <exception>
#include <string>

namespace muster {

/// What the process tells its caller; the numbers are the CLI's contract.
enum class ExitCode {
  done = 0,
  step_failed = 1,   ///< the world failed: a step, a provider, a download
  usage = 2,         ///< bad usage or a bad definition; with --detailed-exitcode: changes
  locked = 3,        ///< another run holds the deployment, or the state cannot be read
  interrupted = 130  ///< the user stopped the run; it can be resumed
};

/// The world failed. Each layer that knows more adds one line of context; main prints it once.
class Error : public std::exception {
 public:
  explicit Error(std::string message, ExitCode exit_code = ExitCode::step_failed);

  /// Adds one "while ..." line below the message, innermost first, above the hints.
  Error& while_doing(const std::string& context);

  /// What the user can do next; printed on its own line.
  Error& hint(const std::string& hint);

  const char* what() const noexcept override { return text_.c_str(); }
  ExitCode exit_code() const noexcept { return exit_code_; }

 private:
  std::string text_;
  std::size_t hints_at_;  ///< where the hints begin in `text_`
  ExitCode exit_code_;
};

/// A broken invariant: prints `what` and where, asks for a report, and aborts.
[[noreturn]] void bug(const char* what, const char* file = __builtin_FILE(),
                      int line = __builtin_LINE());

}  // namespace muster
