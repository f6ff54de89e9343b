// etcd status, backup, verify and restore; recover.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ostream>

#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/app.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/engine/etcd_backup.h"
#include "provisioner/engine/etcd_nodes.h"
#include "provisioner/engine/etcd_restore.h"
#include "provisioner/report/columns.h"
#include "provisioner/report/table.h"

namespace muster {

namespace {

/// "20.5 kB".
std::string size_words(std::uint64_t bytes) {
  constexpr std::array kUnits{"B", "kB", "MB", "GB", "TB"};
  constexpr std::uint64_t kStep = 1000;
  std::size_t unit = 0;
  std::uint64_t tenths = bytes * 10;
  while (tenths >= kStep * 10 && unit + 1 < kUnits.size()) {
    tenths /= kStep;
    ++unit;
  }
  auto text = std::to_string(tenths / 10);
  if (unit > 0) text += "." + std::to_string(tenths % 10);
  return text + " " + kUnits[unit];
}

std::string health_words(const MemberState& state) {
  if (!state.silent.empty()) return "no answer";
  if (state.healthy) return "healthy";
  if (!state.status) return "etcd " + (state.unit.empty() ? "unknown" : state.unit);
  return state.status->leader == 0 ? "no leader" : "unhealthy";
}

std::string members_table(const std::vector<MemberState>& states) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& state : states) {
    std::vector<std::string> row{state.node, health_words(state), state.leads() ? "yes" : ""};
    if (state.status) {
      row.push_back(size_words(state.status->db_size));
      row.push_back(std::to_string(state.status->revision));
      row.push_back(one_line(state.status->version));
      row.push_back(join(state.alarms, ", "));
    }
    rows.push_back(std::move(row));
  }
  return render_table({"MEMBER", "HEALTH", "LEADER", "SIZE", "REVISION", "ETCD", "ALARMS"}, rows);
}

std::string default_file(const std::string& deployment, std::int64_t now_ms) {
  auto now = format_time(now_ms).substr(0, 19);
  std::erase_if(now, [](char c) { return c == '-' || c == ':'; });
  return deployment + "-" + now + "Z.db";
}

}  // namespace

int App::etcd() {
  const auto& command = options_.command;
  if (command == "etcd status") return etcd_status();
  if (command == "etcd backup") return etcd_backup();
  if (command == "etcd verify") return etcd_verify();
  return etcd_restore();
}

int App::etcd_status() {
  auto record = deployment(options_.arguments.front());
  auto reports = view();
  const auto states = ask_members(world(*reports), cluster_of(record), record, stop_);
  if (options_.output == "json") {
    out_ << members_json(record.name, states);
  } else {
    out_ << members_table(states) << std::flush;
    for (const auto& state : states) {
      if (!state.silent.empty()) talk_ << "muster: " << first_line(state.silent) << "\n";
      if (state.unproven) {
        talk_ << "muster: a restore on '" << state.node
              << "' did not come to its end: run it again\n";
      }
    }
    for (const auto& line : strangers(states)) talk_ << "muster: " << one_line(line) << "\n";
  }
  bool good = std::ranges::all_of(
      states, [](const MemberState& state) { return state.healthy && state.alarms.empty(); });
  return static_cast<int>(good ? ExitCode::done : ExitCode::step_failed);
}

int App::etcd_backup() {
  auto record = deployment(options_.arguments.front());
  auto reports = view();
  BackupOptions options;
  options.file =
      options_.out_file.empty() ? default_file(record.name, clock_.wall_ms()) : options_.out_file;
  options.stop = stop_;
  options.on_note = [&](const std::string& line) { talk_ << "muster: " << line << std::endl; };
  auto notes = back_up(world(*reports), cluster_of(record), record, options);
  if (options_.output == "json") {
    out_ << notes_json(notes);
  } else {
    out_ << "file      " << options.file.string() << "\nmember    " << notes.member
         << "\nrevision  " << notes.revision << "\nkeys      " << notes.keys << "\nsize      "
         << size_words(notes.size) << "\nsha256    " << notes.sha256 << "\n";
  }
  if (!notes.encryption_key.empty()) {
    talk_ << "muster: its Secrets are encrypted with a key that only muster's state has: keep a "
             "copy of "
          << options_.state.string() << " too\n";
  }
  return 0;
}

int App::etcd_verify() {
  const auto& file = options_.arguments.front();
  auto found = check_snapshot(file);
  out_ << file << ": whole, " << size_words(found.size) << ", sha256 " << found.sha256 << "\n";
  if (auto notes = read_notes(found)) {
    out_ << "  of '" << one_line(notes->deployment) << "', " << one_line(notes->created)
         << ", revision " << notes->revision << ", "
         << count_of(static_cast<std::size_t>(notes->keys), "key") << "\n";
  }
  return 0;
}

int App::etcd_restore() {
  const bool recovers = options_.command == "recover";
  auto record = deployment(options_.arguments.front());
  if (!options_.yes && ::isatty(STDIN_FILENO) == 0) {
    throw Error("'muster " + options_.command + "' replaces what etcd has", ExitCode::usage)
        .hint("without a terminal to ask on, say --yes");
  }
  RestoreRequest request{record.name, std::nullopt, options_.force};
  if (!options_.from_file.empty()) request.file = options_.from_file;
  const auto run = run_options();
  RestoreOptions options;
  options.command = run.command;
  options.stop = run.stop;
  options.on_note = [&](const std::string& line) { talk_ << "muster: " << line << std::endl; };
  if (!options_.yes) {
    options.confirm = [&](const std::string& question) { return confirm(question); };
  }
  auto reports = reporter();
  const auto everything = world(*reports);
  auto result = recovers ? recover_etcd(everything, request, options)
                         : restore_etcd(everything, request, options);
  reports.reset();
  if (result.declined) {
    talk_ << "muster: nothing was changed\n";
    return static_cast<int>(ExitCode::interrupted);
  }
  tell_restored(record, result);
  return exit_code_of(result.run);
}

void App::tell_restored(const DeploymentRecord& record, const RestoreResult& result) {
  const bool recovers = options_.command == "recover";
  for (const auto& [node, path] : result.kept) {
    talk_ << "muster: " << node << " keeps the data of before in " << one_line(path) << "\n";
  }
  if (!result.run.good()) {
    for (const auto& state : result.states) talk_ << "muster: " << one_line(state) << "\n";
    talk_ << "muster: '" << record.name << "' is not " << (recovers ? "recovered" : "restored")
          << " yet\n  see all:    muster logs " << record.name
          << "\n  try again:  " << options_.command_line << "\n";
  } else if (recovers) {
    talk_ << "muster: '" << record.name << "' has an etcd of one member\n  bring back the others:  "
          << "muster apply " << typed(record.definition_file) << "\n";
  } else {
    talk_ << "muster: '" << record.name << "' is restored\n  see it:  muster etcd status "
          << record.name << "\n";
  }
}

}  // namespace muster
