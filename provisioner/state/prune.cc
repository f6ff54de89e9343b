#include "provisioner/state/sql.h"
#include "provisioner/state/sqlite_store.h"

namespace muster {

namespace {

/// At a time: a fraction of a second.
constexpr int kMostRevisions = 1000;
constexpr int kMostRuns = 1000;
constexpr int kMostEvents = 20'000;

// Of both: ?1 are kept, ?2 is when the oldest of these began, ?3 is now, and ?4 the most at a time.

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
DELETE FROM revisions WHERE rowid IN (
  SELECT old.id FROM (
    SELECT rowid AS id, deployment, revision, created_ms,
      row_number() OVER (PARTITION BY deployment ORDER BY revision DESC) AS place
    FROM revisions) AS old
  LEFT JOIN deployments d ON d.name = old.deployment
  WHERE (place > ?1 OR created_ms < ?2)
    AND NOT EXISTS (
      SELECT 1 FROM leases l WHERE l.deployment = old.deployment AND l.expires_ms > ?3)
    AND (d.name IS NULL OR old.revision NOT IN (d.revision, d.undo_to, coalesce((
      SELECT max(before.revision) FROM revisions before JOIN revisions has
        ON has.deployment = d.name AND has.revision = d.revision
      WHERE before.deployment = d.name AND before.revision < d.revision
        AND before.applied_ms != 0 AND before.definition_text != has.definition_text), -1)))
  LIMIT ?4)
)sql";

}  // namespace

int SqliteStore::prune(const Keeping& keep) {
  return database_.write("forgetting old runs", [&](SQLite::Database& db) {
    const auto now = clock_.wall_ms();
    const auto oldest = now - keep.age_ms;
    int forgotten = execute(db, kOldRevisions, keep.revisions, oldest, now, kMostRevisions);
    std::vector<std::int64_t> runs;
    query(
        db, kOldRuns,
        [&](const SQLite::Statement& row) { runs.push_back(row.getColumn(0).getInt64()); },
        keep.runs, oldest, now, kMostRuns);
    int events = 0;
    for (auto run : runs) {
      if (events >= kMostEvents) break;
      events += execute(db, "DELETE FROM events WHERE run = ?", run);
      forgotten += execute(db, "DELETE FROM runs WHERE id = ?", run);
    }
    return forgotten;
  });
}

}  // namespace muster
