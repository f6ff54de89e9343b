#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace muster {

/// The command line, understood. Only what belongs to `command` is set.
struct Options {
  std::string command;                 ///< "apply", "artifacts list", ...
  std::vector<std::string> arguments;  ///< files, or a deployment and a node
  std::vector<std::string> remote;     ///< ssh: what follows "--"

  std::filesystem::path state;
  std::filesystem::path cache;
  std::vector<std::filesystem::path> roles;
  std::string log_file;
  bool verbose = false;

  std::vector<std::string> set;
  std::optional<std::string> provider;
  std::string version;  ///< artifacts: of Kubernetes
  std::string output;   ///< -o: "", "wide", "json"
  std::string out_file;
  std::string plan_file;
  bool json = false;
  bool dot = false;
  bool detailed_exitcode = false;
  bool refresh = false;
  bool diff = false;
  bool all = false;
  bool destroy = false;
  bool atomic = false;
  std::optional<int> to;  ///< a revision
  bool yes = false;
  int parallel = 16;
  int max_failures = 0;  ///< 0: no limit

  std::string command_line;  ///< as typed but for secrets, for the lease and the history
};

/// What to do instead of a command: print `text` (help goes to stdout) and exit.
struct Usage {
  std::string text;
  int exit_code = 0;
};

/// Fills `options`, or returns what to print: help, or what is wrong with the command line.
std::optional<Usage> parse_options(int argc, const char* const* argv, Options& options);

/// `word` as one types it in a shell, in quotes where it needs them.
std::string typed(const std::string& word);

/// A completion script for "bash", "zsh" or "fish", made from the same table as the parser.
std::string completion_script(const std::string& shell);

}  // namespace muster
