#include "provisioner/base/error.h"
#include "provisioner/state/sql.h"
#include "provisioner/state/sqlite_store.h"

namespace muster {

namespace {

SecretsSeen read_secrets(SQLite::Database& db, const std::string& scope, const SecretsSeen& which) {
  SecretsSeen found;
  for (const auto& [key, unused] : which) {
    auto& value = found[key];
    query(
        db, "SELECT value FROM secrets WHERE scope = ? AND key = ?",
        [&](const SQLite::Statement& row) { value.emplace(row.getColumn(0).getString()); }, scope,
        key);
  }
  return found;
}

bool is_same(const std::optional<Secret>& a, const std::optional<Secret>& b) {
  return a.has_value() == b.has_value() && (!a || a->reveal() == b->reveal());
}

/// The deployment whose secrets these are; empty: they are a tenant's or a provider's.
std::string deployment_of(const std::string& scope) {
  const auto prefix = deployment_scope("");
  return scope.starts_with(prefix) ? scope.substr(prefix.size()) : "";
}

/// Keys that outlive what they are of would be the next one's of that name.
void refuse_gone(SQLite::Database& db, const std::string& deployment) {
  bool known = false;
  query(
      db, "SELECT 1 FROM deployments WHERE name = ?",
      [&](const SQLite::Statement&) { known = true; }, deployment);
  if (known) return;
  throw Error("there is no deployment '" + deployment + "' any more", ExitCode::locked)
      .hint("another muster may have destroyed it; see: muster list");
}

}  // namespace

SecretsSeen SqliteStore::secrets(const std::string& scope, const std::vector<std::string>& keys) {
  SecretsSeen which;
  for (const auto& key : keys) which[key];
  return database_.read("reading the secrets of '" + scope + "'",
                        [&](SQLite::Database& db) { return read_secrets(db, scope, which); });
}

std::vector<std::string> SqliteStore::secret_keys(const std::string& scope) {
  return database_.read("reading the secrets of '" + scope + "'", [&](SQLite::Database& db) {
    std::vector<std::string> keys;
    query(
        db, "SELECT key FROM secrets WHERE scope = ? ORDER BY key",
        [&](const SQLite::Statement& row) { keys.push_back(row.getColumn(0).getString()); }, scope);
    return keys;
  });
}

bool SqliteStore::put_secrets(const std::string& scope, const Secrets& made,
                              const SecretsSeen& seen) {
  const auto what = "recording the secrets of '" + scope + "'";
  return database_.write_lightly(what, [&](SQLite::Database& db) {
    if (auto deployment = deployment_of(scope); !deployment.empty()) {
      refuse_without_lease(db, deployment);
      refuse_gone(db, deployment);
    }
    const auto now = read_secrets(db, scope, seen);
    for (const auto& [key, value] : seen) {
      if (!is_same(value, now.at(key))) return false;
    }
    for (const auto& [key, value] : made) {
      execute(db,
              "INSERT INTO secrets VALUES (?, ?, ?) ON CONFLICT (scope, key)"
              " DO UPDATE SET value = excluded.value",
              scope, key, value.reveal());
    }
    return true;
  });
}

}  // namespace muster
