#pragma once

#include <atomic>
#include <functional>
#include <iosfwd>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>

#include "provisioner/cli/options.h"
#include "provisioner/engine/bastion_keys.h"
#include "provisioner/engine/expiry.h"
#include "provisioner/engine/joint_run.h"

namespace muster {

/// A cluster that a command changes.
struct Job {
  std::string name;
  const DefinitionResult* input = nullptr;  ///< without errors; none: it is destroyed
  std::string again;                        ///< what to type to do the same once more
  Reorder reorder = {};                     ///< of its certificates
};

/// "cluster.json has 3 mistakes".
std::string mistakes_in(const Diagnostics& diagnostics);

struct BmcRow;
struct Host;
struct RestoreResult;
struct ClassroomChange;
struct BundleContents;
struct ClassroomInput;

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
  void check_places(const Definition& definition, Cluster& cluster, Diagnostics& diagnostics);
  int apply();
  int rollback();
  int destroy();
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
  int versions();
  std::string today() const;  ///< "2026-11-30"
  int gc();
  int watch();
  int test();
  int report_run();

  Store& store();
  /// The same, or null when there is none yet: to check a definition makes none.
  Store* known_state();
  /// The state's, which a claim makes when there is none yet.
  ClaimLedger* host_claims();
  ProviderRegistry& providers();
  Artifacts& artifact_cache();
  const std::vector<Role>& roles();
  World world(Reporter& reporter);
  RunResources& resources();
  LockPlace lock_place() { return {resources().heartbeat, store()}; }
  /// What takes the events of a run: the view, and the trace if one is wanted.
  std::unique_ptr<Reporter> reporter(bool many = false);
  std::unique_ptr<Reporter> view(bool many = false);

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
  RunOptions run_options();
  /// "deployment/node" of each node of these deployments that the user gives up.
  std::set<std::string> forgotten_nodes(const std::vector<std::string>& deployments);
  /// Asks on the terminal; a Ctrl-C or the end of the input is a no.
  bool confirm(const std::string& question);
  bool answered_yes();
  /// "muster apply FILE ..." with what was typed besides.
  std::string again(const std::string& command, const std::string& file) const;
  int destroy_named(const std::vector<std::string>& names);
  /// All at the same time, asked for once; says what came of each. The exit code of the worst.
  int run_jobs(const std::vector<Job>& jobs);
  /// Of all deployments, what the state does not keep for ever.
  void forget_old_runs();
  Result run_job(const Job& job, const World& everything, const RunOptions& options);
  void tell(const Job& job, const Result& result);
  void tell_all(const std::vector<Job>& jobs, const std::vector<JointResult>& runs);
  std::vector<std::string> row_of(const Job& job, const JointResult& run);
  void tell_applied(const Job& job, const Result& result);
  void tell_destroyed(const std::string& name, const Result& result);
  /// What takes the last change back.
  std::string undo_command(const std::string& name);
  void tell_undone(const std::string& name, const Undone& undone);
  /// Asks the nodes and prints what has drifted; whether anything has.
  bool report_drift(const Planned& planned, int& code);
  std::string kubernetes_version() const;
  // What list and status print: times to come as they are seen from `now_ms`, or without it as they
  // are.
  std::string list_text(std::optional<std::int64_t> now_ms);
  std::string status_text(const DeploymentRecord& record, std::optional<std::int64_t> now_ms);
  /// One of these, by the arguments; nothing when there is no such deployment any more.
  std::optional<std::string> watched(std::optional<std::int64_t> now_ms);
  // Both return what is still to be printed at the end.
  std::string watch_on_screen();
  std::string watch_in_blocks();
  /// Destroys one expired deployment, and prints what came of it.
  Fate sweep(const DeploymentRecord& record, const std::set<std::string>& forgotten);

  // Tenants, providers and deployments as records (commands_tenant.cc, ...).
  int tenant();
  int tenant_create();
  int tenant_update();
  int tenant_list();
  int tenant_delete(const TenantRecord& tenant);
  void print_tenant(const TenantRecord& tenant);
  int provider();
  int provider_create();
  int provider_list();
  int provider_delete(const ProviderRecord& provider);
  void print_provider(const ProviderRecord& provider);
  int provider_test();  // commands_provider_test.cc
  int deployment_as_record();
  int deployment_create();
  /// As the definition said when the run was; nothing when that cannot be understood any more, as
  /// when it names roles that are not given now.
  std::optional<Cluster> cluster_in(const RunRecord& run);

  // commands_classroom.cc, commands_classroom_handout.cc
  int classroom();
  int classroom_plan();
  int classroom_apply();
  int classroom_destroy();
  int classroom_status();
  int classroom_handout();
  /// The template and the roster of the command line; nothing when they have mistakes, which have
  /// been said.
  std::optional<ClassroomInput> read_classroom();
  /// The classroom that the command line names; empty when it names none, which has been said.
  std::string classroom_name();
  std::vector<DeploymentRecord> classroom_members(const std::string& classroom);
  /// Of one of the students; what is wrong goes to `found`.
  ClassroomChange classroom_change(const ClassroomInput& input, std::size_t index,
                                   Diagnostics& found);
  /// In the order of the roster, those who leave last; nothing when something is wrong, which has
  /// been said.
  std::optional<std::vector<ClassroomChange>> classroom_changes(const ClassroomInput& input);
  /// Destroys the deployments `leavers` and applies `inputs`, in one run.
  int apply_students(const std::vector<DefinitionResult>& inputs,
                     const std::vector<std::string>& leavers);

  // commands_hosts.cc
  int hosts();
  // commands_check.cc
  int check();
  std::vector<HostFindings> check_new_hosts(const Planned& planned);
  void show_findings(const std::vector<HostFindings>& hosts, std::ostream& stream);
  /// For below the plan, or as events. Any thread may call it.
  void keep_findings(Reporter& reporter, const std::vector<HostFindings>& hosts);
  // commands_etcd.cc
  int etcd();
  int etcd_status();
  int etcd_backup();
  int etcd_verify();
  int etcd_restore();
  void tell_restored(const DeploymentRecord& record, const RestoreResult& result);
  // commands_certs.cc
  int certs();
  int certs_list();
  /// The same of what the nodes have in their files.
  int certs_on_nodes(const DeploymentRecord& record);
  int certs_renew();
  int certs_rotate();
  /// One run with the recorded definition and another order of certificates.
  int reorder_certificates(const std::string& name, Reorder reorder);
  // commands_bundle.cc
  int bundle();
  int bundle_create();
  void add_to_bundle(Cluster cluster, BundleContents& contents);
  /// Fills the cache from --bundle.
  void take_bundle();
  void tell_step(const std::string& line);
  /// Of the deployment's certificates, for status: lines, or nothing when it has none.
  std::string certificate_lines(const DeploymentRecord& record);
  // commands_import.cc
  int import_kubespray();
  int export_ansible();
  // commands_bmc.cc
  int bmc();
  /// Of the command's hosts file, or folder: those that it names, in their order; those with a BMC
  /// when it names none.
  std::vector<Host> hosts_with_bmc();
  bool may_disturb(const std::vector<BmcRow>& rows);
  void show(const std::vector<BmcRow>& rows);

  Options options_;
  std::ostream& out_;
  std::ostream& talk_;
  std::stop_token stop_;
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
  std::mutex findings_mutex_;  ///< guards findings_
  std::vector<HostFindings> findings_;
};

}  // namespace muster
