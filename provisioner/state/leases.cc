#include "provisioner/base/error.h"
#include "provisioner/state/sql.h"
#include "provisioner/state/sqlite_store.h"

namespace muster {

namespace {

std::optional<Lease> read_lease(SQLite::Database& db, const std::string& deployment) {
  std::optional<Lease> found;
  query(
      db,
      "SELECT deployment, owner, user, host, place, pid, started, command, since_ms, expires_ms"
      " FROM leases WHERE deployment = ?",
      [&](const SQLite::Statement& row) {
        auto text = [&](int column) { return row.getColumn(column).getString(); };
        auto number = [&](int column) { return std::int64_t{row.getColumn(column).getInt64()}; };
        found = {text(0), text(1),   text(2),  text(3), {text(4), number(5), number(6)},
                 text(7), number(8), number(9)};
      },
      deployment);
  return found;
}

void write_lease(SQLite::Database& db, const Lease& lease) {
  execute(db,
          "INSERT OR REPLACE INTO leases (deployment, owner, user, host, place, pid, started,"
          " command, since_ms, expires_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          lease.deployment, lease.owner, lease.user, lease.host, lease.process.place,
          lease.process.pid, lease.process.started, lease.command, lease.since_ms,
          lease.expires_ms);
}

}  // namespace

std::optional<Lease> SqliteStore::acquire_lease(const Lease& wanted, std::int64_t ttl_ms) {
  auto holder = database_.write(
      "locking the deployment '" + wanted.deployment + "'",
      [&](SQLite::Database& db) -> std::optional<Lease> {
        auto lease = wanted;
        lease.since_ms = clock_.wall_ms();
        lease.expires_ms = lease.since_ms + ttl_ms;
        auto held = read_lease(db, wanted.deployment);
        bool ours = !taken(wanted.deployment).empty();
        if (ours) return held ? held : lease;  // lost it may be, and not given back yet
        bool free = !held || held->expires_ms <= lease.since_ms || has_ended(held->process);
        if (!free) return held;
        write_lease(db, lease);
        return std::nullopt;
      });
  if (!holder) {
    std::lock_guard lock(taken_mutex_);
    taken_[wanted.deployment] = wanted.owner;
  }
  return holder;
}

std::string SqliteStore::taken(const std::string& deployment) {
  std::lock_guard lock(taken_mutex_);
  auto found = taken_.find(deployment);
  return found == taken_.end() ? "" : found->second;
}

void SqliteStore::refuse_without_lease(SQLite::Database& db, const std::string& deployment) {
  auto ours = taken(deployment);
  if (ours.empty()) return;
  auto held = read_lease(db, deployment);
  if (held && held->owner == ours) return;
  throw Error(
      "this run has lost its lock on '" + deployment + "'" +
          (held ? " to " + held->user + "@" + held->host + ", pid " +
                      std::to_string(held->process.pid) + ", running '" + held->command + "'"
                : ": it was taken away, or another run has come and gone"),
      ExitCode::locked)
      .hint("it had been stopped for too long; when no other run goes on, run the command again");
}

void SqliteStore::check_lease(const std::string& deployment) {
  database_.read("reading the lock on '" + deployment + "'",
                 [&](SQLite::Database& db) { refuse_without_lease(db, deployment); });
}

bool SqliteStore::renew_lease(const std::string& deployment, std::int64_t ttl_ms) {
  auto ours = taken(deployment);
  if (ours.empty()) return false;
  return database_.write("keeping the lock on '" + deployment + "'", [&](SQLite::Database& db) {
    return execute(db, "UPDATE leases SET expires_ms = ? WHERE deployment = ? AND owner = ?",
                   clock_.wall_ms() + ttl_ms, deployment, ours) > 0;
  });
}

void SqliteStore::release_lease(const std::string& deployment) {
  std::string ours;
  {
    std::lock_guard lock(taken_mutex_);
    if (auto node = taken_.extract(deployment)) ours = node.mapped();
  }
  if (!ours.empty()) break_lease(deployment, ours);
}

bool SqliteStore::break_lease(const std::string& deployment, const std::string& owner) {
  return database_.write("unlocking the deployment '" + deployment + "'", [&](auto& db) {
    return execute(db, "DELETE FROM leases WHERE deployment = ? AND owner = ?", deployment, owner) >
           0;
  });
}

std::optional<Lease> SqliteStore::lease(const std::string& deployment) {
  return database_.read("reading the lock on '" + deployment + "'",
                        [&](SQLite::Database& db) { return read_lease(db, deployment); });
}

}  // namespace muster
