// Tenants and providers.
#include "provisioner/state/sql.h"
#include "provisioner/state/sqlite_store.h"

namespace muster {

namespace {

std::vector<TenantRecord> read_tenants(SQLite::Database& db) {
  std::vector<TenantRecord> tenants;
  query(db,
        "SELECT id, name, description, max_nodes, max_deployments, created_ms FROM tenants"
        " ORDER BY id",
        [&](const SQLite::Statement& row) {
          tenants.push_back({row.getColumn(0).getInt64(), row.getColumn(1).getString(),
                             row.getColumn(2).getString(), row.getColumn(3).getInt(),
                             row.getColumn(4).getInt(), row.getColumn(5).getInt64()});
        });
  return tenants;
}

std::vector<ProviderRecord> read_providers(SQLite::Database& db) {
  std::vector<ProviderRecord> providers;
  query(db, "SELECT id, name, kind, description, hints, created_ms FROM providers ORDER BY id",
        [&](const SQLite::Statement& row) {
          providers.push_back({row.getColumn(0).getInt64(), row.getColumn(1).getString(),
                               row.getColumn(2).getString(), row.getColumn(3).getString(),
                               row.getColumn(4).getString(), row.getColumn(5).getInt64()});
        });
  return providers;
}

template <typename Record>
Record named(const std::vector<Record>& records, const std::string& name) {
  for (const auto& record : records) {
    if (record.name == name) return record;
  }
  return {};
}

}  // namespace

std::vector<TenantRecord> SqliteStore::tenants() {
  return database_.read("reading the tenants", read_tenants);
}

std::vector<ProviderRecord> SqliteStore::providers() {
  return database_.read("reading the providers", read_providers);
}

TenantRecord SqliteStore::create_tenant(const TenantRecord& wanted) {
  return database_.write("recording the tenant '" + wanted.name + "'", [&](SQLite::Database& db) {
    execute(db,
            "INSERT INTO tenants (name, description, max_nodes, max_deployments, created_ms)"
            " SELECT ?1, ?2, ?3, ?4, ?5"
            " WHERE NOT EXISTS (SELECT 1 FROM tenants WHERE name = ?1)",
            wanted.name, wanted.description, wanted.max_nodes, wanted.max_deployments,
            clock_.wall_ms());
    return named(read_tenants(db), wanted.name);
  });
}

ProviderRecord SqliteStore::create_provider(const ProviderRecord& wanted) {
  return database_.write("recording the provider '" + wanted.name + "'", [&](SQLite::Database& db) {
    execute(db,
            "INSERT INTO providers (name, kind, description, hints, created_ms)"
            " SELECT ?1, ?2, ?3, ?4, ?5"
            " WHERE NOT EXISTS (SELECT 1 FROM providers WHERE name = ?1)",
            wanted.name, wanted.kind, wanted.description, wanted.hints, clock_.wall_ms());
    return named(read_providers(db), wanted.name);
  });
}

void SqliteStore::update_tenant(const TenantRecord& wanted) {
  database_.write("recording the tenant '" + wanted.name + "'", [&](SQLite::Database& db) {
    execute(db,
            "UPDATE tenants SET description = ?, max_nodes = ?, max_deployments = ?"
            " WHERE name = ?",
            wanted.description, wanted.max_nodes, wanted.max_deployments, wanted.name);
  });
}

void SqliteStore::forget_tenant(const std::string& name) {
  database_.write("forgetting the tenant '" + name + "'", [&](SQLite::Database& db) {
    execute(db, "DELETE FROM tenants WHERE name = ?", name);
    execute(db, "DELETE FROM secrets WHERE scope = ?", tenant_scope(name));
  });
}

void SqliteStore::forget_provider(const std::string& name) {
  database_.write("forgetting the provider '" + name + "'", [&](SQLite::Database& db) {
    execute(db, "DELETE FROM providers WHERE name = ?", name);
    execute(db, "DELETE FROM secrets WHERE scope = ?", provider_scope(name));
  });
}

}  // namespace muster
