#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "inventory/host_claim.h"
#include "inventory/record.h"
#include "provisioner/base/clock.h"
#include "provisioner/base/process_mark.h"
#include "provisioner/base/secret.h"
#include "provisioner/events/event.h"

namespace muster {

/// Who works on a deployment.
struct Lease {
  std::string deployment;
  std::string owner;  ///< random, of this one acquisition
  std::string user;
  std::string host;  ///< for people
  ProcessMark process;
  std::string command;
  std::int64_t since_ms = 0;
  std::int64_t expires_ms = 0;  ///< by the store's clock
};

/// One definition that was applied, or begun to be.
struct RevisionRecord {
  int revision = 0;
  std::string definition_file;
  std::string definition_text;
  /// As in DeploymentRecord.
  std::map<std::string, std::string> definition_defaults;
  std::int64_t created_ms = 0;
  std::string user;             ///< who ran muster
  std::string command;          ///< as it was typed
  std::int64_t applied_ms = 0;  ///< when all of it was done; 0: never
};

/// What a deployment counts for in the quotas of its tenant.
struct DeploymentSize {
  std::string name;
  std::string tenant;
  int nodes = 0;          ///< on record
  int wanted_nodes = -1;  ///< as in DeploymentRecord
};

/// One execution of a plan.
struct RunRecord {
  std::int64_t id = 0;
  std::string deployment;
  std::string command;
  std::int64_t started_ms = 0;
  std::int64_t finished_ms = 0;  ///< 0: it never said so
  std::string result;            ///< "done", "failed", "interrupted", "" while running
};

/// How long steps of one kind take.
struct DurationRecord {
  std::string verb;      ///< to_string(Verb)
  std::string role;      ///< empty for what is done to whole nodes
  std::string provider;  ///< of what is done to whole nodes
  std::int64_t ms = 0;
  std::int64_t samples = 0;  ///< how many steps it was learned from
};

/// How much of the past is kept, of each deployment.
struct Keeping {
  int runs = 100;  ///< the newest ones, with their events
  int revisions = 100;
  std::int64_t age_ms = 180LL * 24 * 60 * 60 * 1000;  ///< of these, none that is older
};

/// The tenant that there always is: of definitions that name none.
inline constexpr char kDefaultTenant[] = "default";

/// Who deployments belong to. A limit of 0 is none.
struct TenantRecord {
  std::int64_t id = 0;  ///< the store's, never given twice
  std::string name;
  std::string description;
  int max_nodes = 0;
  int max_deployments = 0;
  std::int64_t created_ms = 0;
};

/// A provider of the user's: a kind that is built in, with hints for it.
struct ProviderRecord {
  std::int64_t id = 0;  ///< the store's, never given twice
  std::string name;
  std::string kind;
  std::string description;
  std::string hints;  ///< JSON object text
  std::int64_t created_ms = 0;
};

/// Where a deployment's secrets are kept, a tenant's and a provider's: apart, whatever their names.
inline std::string deployment_scope(const std::string& name) { return "deployment/" + name; }
inline std::string tenant_scope(const std::string& name) { return "tenant/" + name; }
inline std::string provider_scope(const std::string& name) { return "provider/" + name; }

/// What muster remembers. Every call is durable when it returns, and any thread may make it. All
/// throw Error (exit code 3) when the state cannot be read or written; nothing is overwritten then.
/// So do writes about a deployment, its secrets too, whose lease this store took and has lost:
/// whoever has it now must not be disturbed by a process that slept through the end of its lease.
/// The lease is known by its owner, so neither does a second one of the same process stand in for
/// it. Only finish_run goes on: how a run ended is to be known.
class Store {
 public:
  virtual ~Store() = default;

  /// Calls `writes`; what this thread writes in it becomes durable at once when it returns, or not
  /// at all when it throws. A write that throws in it is undone by itself: the others count if
  /// `writes` goes on. Other threads and processes cannot write meanwhile.
  virtual void together(const std::function<void()>& writes) = 0;

  /// Random, made once: tells this state's nodes from those of another state on one provider.
  virtual std::string id() = 0;

  virtual std::vector<DeploymentRecord> deployments() = 0;
  virtual std::optional<DeploymentRecord> deployment(const std::string& name) = 0;
  /// Of all deployments, by name; in one question, however many there are.
  virtual std::vector<DeploymentSize> deployment_sizes() = 0;
  /// Creates the deployment (and its tenant, when missing) or gives it a new revision, not applied
  /// yet, with the undo_to of `record`; nodes are kept (those in `record` are not looked at).
  /// Returns the revision: numbers go on after forget_deployment, as long as one is remembered.
  virtual int begin_revision(const DeploymentRecord& record, const std::string& command) = 0;
  /// Whether the last revision is whole; when it is, nothing is left to undo.
  virtual void mark_applied(const std::string& deployment, bool applied) = 0;
  /// What is made of the definition of the present revision, and old records lack:
  /// definition_defaults and wanted_nodes of `record`.
  virtual void mark_definition(const DeploymentRecord& record) = 0;
  /// DeploymentRecord::undo_to.
  virtual void mark_undo(const std::string& deployment, std::optional<int> revision) = 0;
  /// DeploymentRecord::expires_ms, which new revisions keep.
  virtual void mark_expiry(const std::string& deployment, std::int64_t expires_ms) = 0;
  /// DeploymentRecord::certificates, which new revisions keep.
  virtual void mark_certificates(const std::string& deployment, const CertificateOrder& order) = 0;
  /// Every definition that the deployment had, oldest first; known after forget_deployment too.
  virtual std::vector<RevisionRecord> revisions(const std::string& deployment) = 0;
  /// Forgets the deployment, its nodes, and its secrets (deployment_scope); its
  /// revisions, runs and events stay readable, see prune.
  virtual void forget_deployment(const std::string& name) = 0;

  /// Intent before effect: a node is put as `creating` before the provider is called. The node's
  /// roles are not touched, put_role and forget_role are for those.
  virtual void put_node(const std::string& deployment, const NodeRecord& node) = 0;
  virtual void forget_node(const std::string& deployment, const std::string& node) = 0;
  virtual void put_role(const std::string& deployment, const std::string& node,
                        const RoleRecord& role) = 0;
  virtual void forget_role(const std::string& deployment, const std::string& node,
                           const std::string& role) = 0;

  /// Claims on hosts that exist already: one a place, whatever deployment it is for. A put is
  /// refused where the place is another token's, and a remove looks at place and token.
  virtual std::vector<HostClaim> host_claims() = 0;
  /// Another text whenever these may be others, by this process or another one; cheap.
  virtual std::string host_claims_version() = 0;
  virtual std::optional<HostClaim> host_claim(const std::string& place) = 0;
  virtual ClaimLedger::Put put_host_claim(const HostClaim& claim) = 0;
  virtual void remove_host_claim(const HostClaim& claim) = 0;

  /// Both in the order of their ids.
  virtual std::vector<TenantRecord> tenants() = 0;
  virtual std::vector<ProviderRecord> providers() = 0;
  /// Makes it, unless there is one of that name; returns the one that is there then. `id` and
  /// `created_ms` are the store's.
  virtual TenantRecord create_tenant(const TenantRecord& wanted) = 0;
  virtual ProviderRecord create_provider(const ProviderRecord& wanted) = 0;
  /// Description and limits of the tenant of that name; nothing when there is none.
  virtual void update_tenant(const TenantRecord& wanted) = 0;
  /// With its secrets. Whether it is in use is the caller's to know, in the same together().
  virtual void forget_tenant(const std::string& name) = 0;
  virtual void forget_provider(const std::string& name) = 0;

  /// Those of `keys`, as they are at one moment.
  virtual SecretsSeen secrets(const std::string& scope, const std::vector<std::string>& keys) = 0;
  /// The keys of a scope, sorted.
  virtual std::vector<std::string> secret_keys(const std::string& scope) = 0;
  /// Puts all of `made` at once, unless something of `seen` is no longer so: false then. What takes
  /// long to make is made before, and never twice for all that. Those of a deployment that is gone
  /// are refused. Reaches the disk with the next durable call, before which nothing that depends on
  /// it may be said to be done: a cluster has hundreds of keys.
  virtual bool put_secrets(const std::string& scope, const Secrets& made,
                           const SecretsSeen& seen = {}) = 0;
  std::optional<Secret> secret(const std::string& scope, const std::string& key) {
    return secrets(scope, {key}).at(key);
  }
  void put_secret(const std::string& scope, const std::string& key, const Secret& value) {
    put_secrets(scope, {{key, value}});
  }

  /// Takes the lease for wanted.owner, or returns the holder's when another one has it, it has not
  /// expired, and its process has not ended for all that can be known here. Who took it with this
  /// store has it until it is given back. Times are the store's, those in `wanted` are not looked
  /// at.
  virtual std::optional<Lease> acquire_lease(const Lease& wanted, std::int64_t ttl_ms) = 0;
  /// False when the lease is no longer ours.
  virtual bool renew_lease(const std::string& deployment, std::int64_t ttl_ms) = 0;
  /// Throws what a write about the deployment would throw, when the lease was taken and lost.
  virtual void check_lease(const std::string& deployment) = 0;
  /// Gives back the lease that this store took, if it is still ours.
  virtual void release_lease(const std::string& deployment) = 0;
  /// Takes the lease away from this owner, whoever that is: `muster unlock`. False when it does not
  /// have it any more.
  virtual bool break_lease(const std::string& deployment, const std::string& owner) = 0;
  /// As recorded: it may have expired.
  virtual std::optional<Lease> lease(const std::string& deployment) = 0;

  virtual std::int64_t begin_run(const std::string& deployment, const std::string& command) = 0;
  virtual void finish_run(std::int64_t run, const std::string& result) = 0;
  /// All of these events, which are of one deployment. Durable at once for runs and steps. Tasks,
  /// notes and warnings survive the process, and reach the disk with the next durable call: a step
  /// has dozens, and a sync for each would be the slowest part of a big run.
  virtual void journal(std::int64_t run, std::span<const Event> events) = 0;
  void journal(std::int64_t run, const Event& event) { journal(run, {&event, 1}); }
  virtual std::vector<RunRecord> runs(const std::string& deployment) = 0;
  virtual std::vector<Event> events(std::int64_t run) = 0;

  /// Forgets runs and revisions, of deployments that are gone too, that `keep` does not keep. Of a
  /// deployment that somebody holds nothing; of one that is there neither its last run, nor the
  /// revision that it has, the one that it goes back to, nor the one that a rollback takes. A lot
  /// at a time, so that others can write again soon: what is left, the next time. Returns how many
  /// runs and revisions it forgot.
  virtual int prune(const Keeping& keep) = 0;

  /// What runs of all deployments have taught.
  virtual std::vector<DurationRecord> durations() = 0;
  /// Adds these, in place of what is there of the same verb, role and provider.
  virtual void put_durations(const std::vector<DurationRecord>& durations) = 0;
};

/// Opens (creates, migrates) <directory>/muster.db: directory 0700, file 0600, WAL. `clock` is the
/// store's clock and outlives it.
std::unique_ptr<Store> open_store(const std::filesystem::path& directory, const Clock& clock);
std::unique_ptr<Store> open_store(const std::filesystem::path& directory);

}  // namespace muster
