#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "provisioner/cli/command_line.h"
#include "provisioner/cli/options.h"
#include "provisioner/operations/joint_run.h"
#include "provisioner/run/bastion_keys.h"

namespace muster {

/// What a command has to work with. The real objects are built when first asked for: `muster
/// schema` opens no state.
class Context {
 public:
  /// The streams are of results and of talk.
  Context(const Invocation& invocation, std::ostream& out, std::ostream& talk,
          std::stop_token stop);
  ~Context();

  std::ostream& out() { return out_; }
  std::ostream& talk() { return talk_; }
  const CommonOptions& common() const { return common_; }
  /// "artifacts list".
  const std::string& command() const { return command_; }
  /// As typed but for secrets.
  const std::string& command_line() const { return command_line_; }
  std::stop_token stop() const { return stop_; }
  RealClock& clock() { return clock_; }
  std::string today() const;  ///< "2026-11-30"

  Store& store();
  /// The same, or null when there is none yet: to check a definition makes none.
  Store* known_state();
  /// The state's, which a claim makes when there is none yet.
  ClaimLedger* host_claims();
  ProviderRegistry& providers();
  Artifacts& artifacts();
  const std::vector<Role>& roles();
  RunResources& resources();
  LockPlace lock_place() { return {resources().heartbeat, store()}; }
  World world(Reporter& reporter);
  // Both are said before providers and artifacts are asked for.
  void stay_offline() { offline_ = true; }
  /// For what forks: a state's connection must not be used by two processes.
  void keep_claims_out() { claims_out_ = true; }

  DefinitionRules rules();
  DefinitionResult read(const std::string& file, const Overrides& overrides = {});
  /// Prints mistakes and warnings; true when there is no mistake.
  bool report(const Diagnostics& diagnostics);
  /// The record, or an Error with the names that exist.
  DeploymentRecord deployment(const std::string& name);
  /// The cluster that was last applied to the record.
  Cluster cluster_of(const DeploymentRecord& record);
  /// The same, or nothing when the definition cannot be understood any more.
  std::optional<Cluster> wanted_cluster(const DeploymentRecord& record);

  /// Shows events as they come; of `many` clusters in a line each.
  std::unique_ptr<Reporter> reporter(const RunArguments& run = {}, bool many = false);
  /// Takes the events of what has none to show, such as planning.
  std::unique_ptr<Reporter> quiet();
  /// For a run that begins now: until run_ended(), a Ctrl-C is answered.
  RunOptions run_options(const RunArguments& run = {});
  void run_ended() { on_stop_.reset(); }

  /// Prints "muster: LINE" at once.
  void say(const std::string& line);
  /// Asks on the terminal; a Ctrl-C or the end of the input is a no.
  bool confirm(const std::string& question);
  /// Throws Error when nobody could be asked about `what` ("destroy deletes ..."). `else_hint` is
  /// said besides.
  void need_terminal_or_yes(bool yes, const std::string& what, const std::string& else_hint = "");

 private:
  CommonOptions common_;
  std::string command_;
  std::string command_line_;
  std::ostream& out_;
  std::ostream& talk_;
  std::stop_token stop_;
  bool offline_ = false;
  bool claims_out_ = false;
  std::optional<std::stop_callback<std::function<void()>>> on_stop_;
  std::atomic<bool> asking_ = false;
  RealClock clock_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<ClaimLedger> host_claims_;
  std::unique_ptr<ProviderRegistry> providers_;
  std::unique_ptr<Artifacts> artifacts_;
  std::unique_ptr<Reporter> trace_;  ///< of all that the command does
  std::vector<Role> roles_;
  std::unique_ptr<StoredBastions> bastions_;
  std::unique_ptr<RunResources> resources_;
};

/// "cluster.json has 3 mistakes".
std::string mistakes_in(const Diagnostics& diagnostics);

/// The node, or an Error with those that the deployment has.
const NodeRecord& node_of(const DeploymentRecord& record, const std::string& name);

/// Whether there is a terminal to ask on.
bool can_ask();

/// Runs a command line; the process's exit code. Is the only catch-all. `watch_signals` is called
/// before a command that a Ctrl-C is to ask to stop.
int run_muster(const std::vector<std::string>& words, std::ostream& out, std::ostream& talk,
               std::stop_token stop, const std::function<void()>& watch_signals);

}  // namespace muster
