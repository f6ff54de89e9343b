#include "provisioner/base/error.h"
#include "provisioner/state/sql.h"
#include "provisioner/state/sqlite_store.h"

namespace muster {

namespace {

/// Of a name that an older or newer muster wrote.
template <typename T>
T known(std::optional<T> value, const std::string& text) {
  if (!value) {
    throw Error("the state holds an event with the unknown word '" + text + "'", ExitCode::locked)
        .hint("use the muster that wrote it");
  }
  return *value;
}

Event read_event(const SQLite::Statement& row) {
  Event event;
  auto type = row.getColumn("type").getString();
  auto outcome = row.getColumn("outcome").getString();
  event.type = known(parse_event_type(type), type);
  event.time_ms = row.getColumn("time_ms").getInt64();
  event.deployment = row.getColumn("deployment").getString();
  event.node = row.getColumn("node").getString();
  event.step = row.getColumn("step").getString();
  event.verb = row.getColumn("verb").getString();
  event.role = row.getColumn("role").getString();
  event.task = row.getColumn("task").getString();
  event.outcome = known(parse_outcome(outcome), outcome);
  event.ms = row.getColumn("ms").getInt64();
  event.steps = row.getColumn("steps").getInt();
  event.exit_code = row.getColumn("exit_code").getInt();
  event.command = row.getColumn("command").getString();
  event.output = row.getColumn("output").getString();
  event.message = row.getColumn("message").getString();
  return event;
}

void insert_event(SQLite::Database& db, std::int64_t run, const Event& event) {
  execute(db,
          "INSERT INTO events (run, type, time_ms, deployment, node, step, verb, role, task,"
          " outcome, ms, steps, exit_code, command, output, message)"
          " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          run, to_string(event.type), event.time_ms, event.deployment, event.node, event.step,
          event.verb, event.role, event.task, to_string(event.outcome), event.ms, event.steps,
          event.exit_code, event.command, event.output, event.message);
}

bool must_be_durable(EventType type) {
  return type != EventType::task_finished && type != EventType::note && type != EventType::warning;
}

}  // namespace

std::int64_t SqliteStore::begin_run(const std::string& deployment, const std::string& command) {
  return database_.write("recording a run of '" + deployment + "'", [&](SQLite::Database& db) {
    refuse_without_lease(db, deployment);
    execute(db, "INSERT INTO runs (deployment, command, started_ms) VALUES (?, ?, ?)", deployment,
            command, clock_.wall_ms());
    return std::int64_t{db.getLastInsertRowid()};
  });
}

void SqliteStore::finish_run(std::int64_t run, const std::string& result) {
  database_.write("recording the end of run " + std::to_string(run), [&](SQLite::Database& db) {
    execute(db, "UPDATE runs SET finished_ms = ?, result = ? WHERE id = ?", clock_.wall_ms(),
            result, run);
  });
}

void SqliteStore::journal(std::int64_t run, std::span<const Event> events) {
  if (events.empty()) return;
  auto what = "recording an event of run " + std::to_string(run);
  auto insert = [&](SQLite::Database& db) {
    refuse_without_lease(db, events.front().deployment);
    for (const auto& event : events) insert_event(db, run, event);
  };
  if (std::ranges::any_of(events, must_be_durable, &Event::type)) {
    database_.write(what, insert);
  } else {
    database_.write_lightly(what, insert);
  }
}

std::vector<RunRecord> SqliteStore::runs(const std::string& deployment) {
  return database_.read("reading the runs of '" + deployment + "'", [&](SQLite::Database& db) {
    std::vector<RunRecord> runs;
    query(
        db,
        "SELECT id, deployment, command, started_ms, finished_ms, result FROM runs"
        " WHERE deployment = ? ORDER BY id",
        [&](const SQLite::Statement& row) {
          runs.push_back({row.getColumn(0).getInt64(), row.getColumn(1).getString(),
                          row.getColumn(2).getString(), row.getColumn(3).getInt64(),
                          row.getColumn(4).getInt64(), row.getColumn(5).getString()});
        },
        deployment);
    return runs;
  });
}

std::vector<Event> SqliteStore::events(std::int64_t run) {
  return database_.read(
      "reading the events of run " + std::to_string(run), [&](SQLite::Database& db) {
        std::vector<Event> events;
        query(
            db, "SELECT * FROM events WHERE run = ? ORDER BY seq",
            [&](const SQLite::Statement& row) { events.push_back(read_event(row)); }, run);
        return events;
      });
}

}  // namespace muster
