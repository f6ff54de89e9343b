#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>

#include "provisioner/state/database.h"
#include "provisioner/state/store.h"

namespace muster {

/// The Store in one SQLite file.
class SqliteStore : public Store {
 public:
  SqliteStore(const std::filesystem::path& directory, const Clock& clock);

  void together(const std::function<void()>& writes) override { database_.together(writes); }
  std::string id() override { return id_; }

  std::vector<DeploymentRecord> deployments() override;
  std::optional<DeploymentRecord> deployment(const std::string& name) override;
  std::vector<DeploymentSize> deployment_sizes() override;
  int begin_revision(const DeploymentRecord& record, const std::string& command) override;
  void mark_applied(const std::string& deployment, bool applied) override;
  void mark_definition(const DeploymentRecord& record) override;
  void mark_undo(const std::string& deployment, std::optional<int> revision) override;
  void mark_expiry(const std::string& deployment, std::int64_t expires_ms) override;
  void mark_certificates(const std::string& deployment, const CertificateOrder& order) override;
  std::vector<RevisionRecord> revisions(const std::string& deployment) override;
  void forget_deployment(const std::string& name) override;

  void put_node(const std::string& deployment, const NodeRecord& node) override;
  void forget_node(const std::string& deployment, const std::string& node) override;
  void put_role(const std::string& deployment, const std::string& node,
                const RoleRecord& role) override;
  void forget_role(const std::string& deployment, const std::string& node,
                   const std::string& role) override;

  std::vector<HostClaim> host_claims() override;
  std::string host_claims_version() override;
  std::optional<HostClaim> host_claim(const std::string& place) override;
  ClaimLedger::Put put_host_claim(const HostClaim& claim) override;
  void remove_host_claim(const HostClaim& claim) override;

  std::vector<TenantRecord> tenants() override;
  std::vector<ProviderRecord> providers() override;
  TenantRecord create_tenant(const TenantRecord& wanted) override;
  ProviderRecord create_provider(const ProviderRecord& wanted) override;
  void update_tenant(const TenantRecord& wanted) override;
  void forget_tenant(const std::string& name) override;
  void forget_provider(const std::string& name) override;

  SecretsSeen secrets(const std::string& scope, const std::vector<std::string>& keys) override;
  std::vector<std::string> secret_keys(const std::string& scope) override;
  bool put_secrets(const std::string& scope, const Secrets& made, const SecretsSeen& seen) override;

  std::optional<Lease> acquire_lease(const Lease& wanted, std::int64_t ttl_ms) override;
  bool renew_lease(const std::string& deployment, std::int64_t ttl_ms) override;
  void check_lease(const std::string& deployment) override;
  void release_lease(const std::string& deployment) override;
  bool break_lease(const std::string& deployment, const std::string& owner) override;
  std::optional<Lease> lease(const std::string& deployment) override;

  std::int64_t begin_run(const std::string& deployment, const std::string& command) override;
  void finish_run(std::int64_t run, const std::string& result) override;
  using Store::journal;
  void journal(std::int64_t run, std::span<const Event> events) override;
  std::vector<RunRecord> runs(const std::string& deployment) override;
  std::vector<Event> events(std::int64_t run) override;

  int prune(const Keeping& keep) override;

  std::vector<DurationRecord> durations() override;
  void put_durations(const std::vector<DurationRecord>& durations) override;

 private:
  /// A write of one who may have held the lease of `deployment`.
  void write(const std::string& deployment, const std::string& what,
             const std::function<void(SQLite::Database&)>& body);
  /// The owner as whom this store took the lease; empty: it did not.
  std::string taken(const std::string& deployment);
  void refuse_without_lease(SQLite::Database& db, const std::string& deployment);

  Database database_;
  const Clock& clock_;
  std::string id_;
  std::atomic<std::uint64_t> claim_changes_{0};  // by this store
  std::mutex taken_mutex_;
  std::map<std::string, std::string> taken_;  // owners, by deployment; guarded by taken_mutex_
};

}  // namespace muster
