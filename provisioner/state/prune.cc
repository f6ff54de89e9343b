#include "provisioner/state/sql.h"
#include "provisioner/state/sqlite_store.h"

namespace muster {

namespace {

/// At a time: a fraction of a second.
constexpr int kMostRevisions = 1000;
constexpr int kMostRuns = 1000;
constexpr int kMostEvents = 20'000;

// Of both, the ids: ?1 are kept, ?2 is when the oldest of these began, ?3 is now, and ?4 the most
// at a time.

constexpr const char* kOldRuns = R"sql(
SELECT id FROM (
  SELECT id, deployment, started_ms,
    row_number() OVER (PARTITION BY deployment ORDER BY id DESC) AS place FROM runs) AS run
WHERE (place > ?1 OR started_ms < ?2)
  AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.deployment = run.deployment AND l.expires_ms > ?3)
  AND NOT (place = 1 AND EXISTS (SELECT 1 FROM deployments WHERE name = run.deployment))
ORDER BY id LIMIT ?4
)sql";

constexpr const char* kOldRevisions = R"sql(
SELECT old.id FROM (
  SELECT rowid AS id, deployment, revision, created_ms,
    row_number() OVER (PARTITION BY deployment ORDER BY revision DESC) AS place
  FROM revisions) AS old
LEFT JOIN deployments d ON d.name = old.deployment
WHERE (place > ?1 OR created_ms < ?2)
  AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.deployment = old.deployment AND l.expires_ms > ?3)
  AND (d.name IS NULL OR old.revision NOT IN (d.revision, d.undo_to, coalesce((
    SELECT max(before.revision) FROM revisions before JOIN revisions has
      ON has.deployment = d.name AND has.revision = d.revision
    WHERE before.deployment = d.name AND before.revision < d.revision
      AND before.applied_ms != 0 AND (before.definition_text != has.definition_text
        OR (before.definition_defaults != '' AND before.definition_defaults != has.definition_defaults))
      ), -1)))
LIMIT ?4
)sql";

struct Old {
  std::vector<std::int64_t> runs;
  std::vector<std::int64_t> revisions;
};

Old find_old(SQLite::Database& db, const Keeping& keep, std::int64_t now) {
  Old old;
  const auto oldest = now - keep.age_ms;
  auto find = [&](const char* sql, int kept, int most) {
    std::vector<std::int64_t> ids;
    auto add = [&](const SQLite::Statement& row) { ids.push_back(row.getColumn(0).getInt64()); };
    query(db, sql, add, kept, oldest, now, most);
    return ids;
  };
  old.runs = find(kOldRuns, keep.runs, kMostRuns);
  old.revisions = find(kOldRevisions, keep.revisions, kMostRevisions);
  return old;
}

int forget(SQLite::Database& db, const Old& old) {
  int forgotten = 0;
  for (auto id : old.revisions) {
    forgotten += execute(db, "DELETE FROM revisions WHERE rowid = ?", id);
  }
  int events = 0;
  for (auto id : old.runs) {
    if (events >= kMostEvents) break;
    events += execute(db, "DELETE FROM events WHERE run = ?", id);
    forgotten += execute(db, "DELETE FROM runs WHERE id = ?", id);
  }
  return forgotten;
}

}  // namespace

int SqliteStore::prune(const Keeping& keep) {
  const std::string what = "forgetting old runs";
  const auto now = clock_.wall_ms();
  // Mostly there is nothing: that is found without keeping others from writing.
  const auto old =
      database_.read(what, [&](SQLite::Database& db) { return find_old(db, keep, now); });
  if (old.runs.empty() && old.revisions.empty()) return 0;
  return database_.write(what,
                         [&](SQLite::Database& db) { return forget(db, find_old(db, keep, now)); });
}

}  // namespace muster
