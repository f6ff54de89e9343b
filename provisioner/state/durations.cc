#include "provisioner/state/sql.h"
#include "provisioner/state/sqlite_store.h"

namespace muster {

std::vector<DurationRecord> SqliteStore::durations() {
  return database_.read("reading how long steps take", [](SQLite::Database& db) {
    std::vector<DurationRecord> durations;
    query(db,
          "SELECT verb, role, provider, ms, samples FROM durations ORDER BY verb, role, provider",
          [&](const SQLite::Statement& row) {
            durations.push_back({row.getColumn(0).getString(), row.getColumn(1).getString(),
                                 row.getColumn(2).getString(), row.getColumn(3).getInt64(),
                                 row.getColumn(4).getInt64()});
          });
    return durations;
  });
}

void SqliteStore::put_durations(const std::vector<DurationRecord>& durations) {
  database_.write("recording how long steps take", [&](SQLite::Database& db) {
    for (const auto& known : durations) {
      execute(db,
              "INSERT INTO durations VALUES (?, ?, ?, ?, ?) ON CONFLICT (verb, role, provider)"
              " DO UPDATE SET ms = excluded.ms, samples = excluded.samples",
              known.verb, known.role, known.provider, known.ms, known.samples);
    }
  });
}

}  // namespace muster
