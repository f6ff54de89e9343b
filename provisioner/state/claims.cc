// Claims on hosts that exist already.
#include "provisioner/state/sql.h"
#include "provisioner/state/sqlite_store.h"

namespace muster {

namespace {

HostClaim claim_of(const SQLite::Statement& row) {
  return {row.getColumn(0).getString(), row.getColumn(1).getString(), row.getColumn(2).getString(),
          row.getColumn(3).getString(), row.getColumn(4).getString()};
}

}  // namespace

std::vector<HostClaim> SqliteStore::host_claims() {
  return database_.read("reading the claims on hosts", [](SQLite::Database& db) {
    std::vector<HostClaim> claims;
    query(db, "SELECT place, token, deployment, text, link FROM host_claims ORDER BY place",
          [&](const SQLite::Statement& row) { claims.push_back(claim_of(row)); });
    return claims;
  });
}

std::string SqliteStore::host_claims_version() {
  // SQLite counts what other connections commit, whatever it is; our own is counted here.
  auto others = database_.read("reading the claims on hosts", [](SQLite::Database& db) {
    return db.execAndGet("PRAGMA data_version").getInt();
  });
  return std::to_string(others) + "." + std::to_string(claim_changes_);
}

std::optional<HostClaim> SqliteStore::host_claim(const std::string& place) {
  return database_.read("reading the claims on hosts", [&](SQLite::Database& db) {
    std::optional<HostClaim> claim;
    query(
        db, "SELECT place, token, deployment, text, link FROM host_claims WHERE place = ?",
        [&](const SQLite::Statement& row) { claim = claim_of(row); }, place);
    return claim;
  });
}

ClaimLedger::Put SqliteStore::put_host_claim(const HostClaim& claim) {
  auto put = ClaimLedger::Put::refused;
  write(claim.deployment, "claiming the host at '" + claim.place + "'", [&](SQLite::Database& db) {
    if (execute(db,
                "INSERT INTO host_claims (place, token, deployment, text, link)"
                " VALUES (?, ?, ?, ?, ?) ON CONFLICT (place) DO NOTHING",
                claim.place, claim.token, claim.deployment, claim.text, claim.link) > 0) {
      put = ClaimLedger::Put::made;
    } else if (execute(db, "UPDATE host_claims SET text = ? WHERE place = ? AND token = ?",
                       claim.text, claim.place, claim.token) > 0) {
      put = ClaimLedger::Put::renewed;
    }
  });
  ++claim_changes_;
  return put;
}

void SqliteStore::remove_host_claim(const HostClaim& claim) {
  write(claim.deployment, "releasing the host at '" + claim.place + "'", [&](SQLite::Database& db) {
    execute(db, "DELETE FROM host_claims WHERE place = ? AND token = ?", claim.place, claim.token);
  });
  ++claim_changes_;
}

}  // namespace muster
