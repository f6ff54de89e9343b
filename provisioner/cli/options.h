#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "provisioner/engine/given_up.h"
#include "provisioner/engine/scheduler.h"

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
  std::string arch;     ///< artifacts: "amd64", "arm64"; empty: this machine's
  std::string output;   ///< -o: "", "wide", "json"
  std::string out_file;
  std::string plan_file;
  std::string trace_file;
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
  int parallel = kParallel;
  int max_failures = 0;  ///< 0: no limit

  // Pipelines.
  std::optional<std::int64_t> ttl_ms;      ///< 0: none
  std::optional<std::string> name_suffix;  ///< as a part of a name
  bool dry_run = false;
  bool watch = false;
  std::int64_t interval_ms = 2000;  ///< of watch
  // classroom
  std::string template_file;
  std::string roster_file;
  std::filesystem::path out_directory;
  bool zip = false;

  // What became of it: test and report.
  std::string junit_file;
  std::optional<int> run;  ///< its id

  // check
  bool skip_check = false;
  // etcd and recover.
  std::string from_file;
  bool force = false;
  // certs
  int last_phase = 3;  ///< of a rotation
  // Nodes that leave.
  int drain_seconds = 0;  ///< 0: what Leaving has
  bool force_drain = false;
  std::vector<std::string> forgotten;  ///< as named: "node" or "deployment/node"
  GivenUp given_up;                    ///< --lost, --replace-lost
  // import and export
  std::string imported_name;
  std::vector<std::string> allowed_groups;
  bool list = false;  ///< Ansible's --list
  std::string host;   ///< Ansible's --host

  // provider test
  std::string hints;                    ///< JSON text, or a file with it
  std::vector<std::string> only_cases;  ///< empty: all
  int creates = 0;                      ///< at once; 0: as many as the suite makes
  int quota = 0;                        ///< 0: not known

  // bundle
  std::string bundle_file;  ///< of apply: nothing else is contacted
  std::string packages;     ///< of bundle create: the release of hosts that get packages, or empty

  // bmc
  std::string hosts_file;                   ///< or a folder of them
  std::optional<std::int64_t> shutdown_ms;  ///< for an operating system to end

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

/// The same, as it can be recorded and shown: without what must stay secret.
std::string recorded(std::string word);

/// A completion script for "bash", "zsh" or "fish", made from the same table as the parser.
std::string completion_script(const std::string& shell);

}  // namespace muster
