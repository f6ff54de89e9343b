#pragma once

#include <atomic>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <stop_token>

#include "provisioner/cli/options.h"
#include "provisioner/engine/operations.h"

namespace muster {

/// The real objects behind a command, built when first needed: `muster schema` opens no state.
class App {
 public:
  App(Options options, std::ostream& out, std::ostream& talk, std::stop_token stop);
  ~App();

  /// Runs the command; the process's exit code.
  int run();

 private:
  int validate();
  int plan();
  int apply();
  int rollback();
  int destroy(const std::vector<std::string>& names);
  int list();
  int status();
  int history();
  int kubeconfig();
  int ssh();
  int logs();
  /// Whether it did anything on the node (nullptr: on any).
  bool show_run(const RunRecord& run, const std::string* node);
  int power();
  int unlock();
  int artifacts();
  int version();

  Store& store();
  ProviderRegistry& providers();
  Artifacts& artifact_cache();
  const std::vector<Role>& roles();
  World world(Reporter& reporter);
  std::unique_ptr<Reporter> reporter();

  DefinitionRules rules();
  DefinitionResult read(const std::string& file);
  /// Prints mistakes and warnings; true when there is no mistake.
  bool report(const Diagnostics& diagnostics);
  /// The record, or an Error with the names that exist.
  DeploymentRecord deployment(const std::string& name);
  /// The cluster that was last applied to the record.
  Cluster cluster_of(const DeploymentRecord& record);
  /// The same, or nothing when the definition cannot be understood any more.
  std::optional<Cluster> wanted_cluster(const DeploymentRecord& record);
  const NodeRecord& node_of(const DeploymentRecord& record, const std::string& name);
  RunOptions run_options(const std::string& question);
  /// Asks on the terminal; a Ctrl-C or the end of the input is a no.
  bool confirm(const std::string& question);
  bool answered_yes();
  /// The name of the deployment that `word` is, or is the definition of; empty when it is neither,
  /// which has been said.
  std::string name_to_destroy(const std::string& word);
  /// "muster apply FILE ..." with what was typed besides.
  std::string again(const std::string& command, const std::string& file) const;
  /// `command` is what to type to do the same once more.
  int apply_one(const DefinitionResult& input, const std::string& command);
  void tell_applied(const Definition& definition, const Result& result, const std::string& command);
  /// What takes the last change back.
  std::string undo_command(const std::string& name);
  void tell_undone(const std::string& name, const Undone& undone);
  /// Asks the nodes and prints what has drifted; whether anything has.
  bool report_drift(const Planned& planned, int& code);
  std::string kubernetes_version() const;

  Options options_;
  std::ostream& out_;
  std::ostream& talk_;
  std::stop_token stop_;
  std::optional<std::stop_callback<std::function<void()>>> on_stop_;
  std::atomic<bool> asking_ = false;
  RealClock clock_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<ProviderRegistry> providers_;
  std::unique_ptr<Artifacts> artifacts_;
  std::vector<Role> roles_;
};

}  // namespace muster
