// etcd status, backup, verify and restore; recover.
#include <algorithm>
#include <array>
#include <ostream>

#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/context.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/operations/etcd_backup.h"
#include "provisioner/operations/etcd_nodes.h"
#include "provisioner/operations/etcd_restore.h"
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

struct EtcdOptions {
  std::string name;
  std::string to;  ///< a file
  std::string output;
};

int run_etcd_status(Context& context, const EtcdOptions& options) {
  auto record = context.deployment(options.name);
  auto reports = context.reporter();
  const auto states =
      ask_members(context.world(*reports), context.cluster_of(record), record, context.stop());
  if (options.output == "json") {
    context.out() << members_json(record.name, states);
  } else {
    context.out() << members_table(states) << std::flush;
    for (const auto& state : states) {
      if (!state.silent.empty()) context.talk() << "muster: " << first_line(state.silent) << "\n";
      if (state.unproven) {
        context.talk() << "muster: a restore on '" << state.node
                       << "' did not come to its end: run it again\n";
      }
    }
    for (const auto& line : strangers(states))
      context.talk() << "muster: " << one_line(line) << "\n";
  }
  bool good = std::ranges::all_of(
      states, [](const MemberState& state) { return state.healthy && state.alarms.empty(); });
  return good ? kDone : kFailed;
}

int run_etcd_backup(Context& context, const EtcdOptions& options) {
  auto record = context.deployment(options.name);
  auto reports = context.reporter();
  BackupOptions backup;
  backup.file =
      options.to.empty() ? default_file(record.name, context.clock().wall_ms()) : options.to;
  backup.stop = context.stop();
  backup.on_note = [&](const std::string& line) { context.say(line); };
  auto notes = back_up(context.world(*reports), context.cluster_of(record), record, backup);
  if (options.output == "json") {
    context.out() << notes_json(notes);
  } else {
    context.out() << "file      " << backup.file.string() << "\nmember    " << notes.member
                  << "\nrevision  " << notes.revision << "\nkeys      " << notes.keys
                  << "\nsize      " << size_words(notes.size) << "\nsha256    " << notes.sha256
                  << "\n";
  }
  if (!notes.encryption_key.empty()) {
    context.talk()
        << "muster: its Secrets are encrypted with a key that only muster's state has: keep a "
           "copy of "
        << context.common().state.string() << " too\n";
  }
  return kDone;
}

struct VerifyOptions {
  std::string snapshot;
};

int run_etcd_verify(Context& context, const VerifyOptions& options) {
  const auto& file = options.snapshot;
  auto found = check_snapshot(file);
  context.out() << file << ": whole, " << size_words(found.size) << ", sha256 " << found.sha256
                << "\n";
  if (auto notes = read_notes(found)) {
    context.out() << "  of '" << one_line(notes->deployment) << "', " << one_line(notes->created)
                  << ", revision " << notes->revision << ", "
                  << count_of(static_cast<std::size_t>(notes->keys), "key") << "\n";
  }
  return kDone;
}

struct EtcdRestoreOptions {
  std::string name;
  std::string from;  ///< a file
  bool force = false;
  RunArguments run;
};

void tell_restored(Context& context, const DeploymentRecord& record, const RestoreResult& result) {
  const bool recovers = context.command() == "recover";
  for (const auto& [node, path] : result.kept) {
    context.talk() << "muster: " << node << " keeps the data of before in " << one_line(path)
                   << "\n";
  }
  if (!result.run.good()) {
    for (const auto& state : result.states) context.talk() << "muster: " << one_line(state) << "\n";
    context.talk() << "muster: '" << record.name << "' is not "
                   << (recovers ? "recovered" : "restored") << " yet\n  see all:    muster logs "
                   << record.name << "\n  try again:  " << context.command_line() << "\n";
  } else if (recovers) {
    context.talk() << "muster: '" << record.name
                   << "' has an etcd of one member\n  bring back the others:  "
                   << "muster apply " << typed(record.definition_file) << "\n";
  } else {
    context.talk() << "muster: '" << record.name << "' is restored\n  see it:  muster etcd status "
                   << record.name << "\n";
  }
}

using Restore = RestoreResult (*)(const World&, const RestoreRequest&, RestoreOptions);

int replace_etcd(Context& context, const EtcdRestoreOptions& options, Restore restore) {
  auto record = context.deployment(options.name);
  context.need_terminal_or_yes(options.run.yes,
                               "'muster " + context.command() + "' replaces what etcd has");
  RestoreRequest request{record.name, std::nullopt, options.force};
  if (!options.from.empty()) request.file = options.from;
  const auto run = context.run_options(options.run);
  RestoreOptions how;
  how.command = run.command;
  how.stop = run.stop;
  how.on_note = [&](const std::string& line) { context.say(line); };
  if (!options.run.yes) {
    how.confirm = [&](const std::string& question) { return context.confirm(question); };
  }
  auto reports = context.reporter(options.run);
  auto result = restore(context.world(*reports), request, how);
  reports.reset();
  if (result.declined) {
    context.talk() << "muster: nothing was changed\n";
    return static_cast<int>(ExitCode::interrupted);
  }
  tell_restored(context, record, result);
  return exit_code_of(result.run);
}

int run_etcd_restore(Context& context, const EtcdRestoreOptions& options) {
  return replace_etcd(context, options, restore_etcd);
}

int run_recover(Context& context, const EtcdRestoreOptions& options) {
  return replace_etcd(context, options, recover_etcd);
}

}  // namespace

void add_etcd_commands(Table& table) {
  table.group(Group::etcd);
  auto status = table.command("etcd status", "the members of a deployment's etcd, as they are now",
                              run_etcd_status);
  status.takes(name_argument(status->name), output_option({"json"}, status->output))
      .example("etcd status cluster01");
  auto backup = table.command("etcd backup", "save what etcd has into a file", run_etcd_backup);
  backup
      .takes(name_argument(backup->name),
             option("--to FILE", "where to; NAME-TIME.db when absent", backup->to),
             output_option({"json"}, backup->output))
      .example("etcd backup cluster01 --to cluster01.db")
      .is_run();
  auto verify = table.command("etcd verify", "see whether a snapshot is whole", run_etcd_verify);
  verify.takes(argument("SNAPSHOT", "a file that a backup made", WordKind::file, verify->snapshot))
      .example("etcd verify cluster01.db");

  auto takes = [](auto& command, const std::string& from) {
    command
        .takes(name_argument(command->name), option("--from FILE", from, command->from),
               flag("--force", "although what is known speaks against it", command->force),
               yes_option(command->run.yes), event_options(command->run))
        .is_run();
  };
  auto restore = table.command("etcd restore", "put a snapshot in place of all that etcd has",
                               run_etcd_restore);
  takes(restore, "the snapshot");
  restore.example("etcd restore cluster01 --from cluster01.db")
      .check([](const EtcdRestoreOptions& o) -> std::string {
        return o.from.empty() ? "'muster etcd restore' needs '--from FILE'" : "";
      });
  auto recover = table.command(
      "recover", "etcd again, of one member, after most were lost for good", run_recover);
  takes(recover, "a snapshot; what a member still has when absent");
  recover.example("recover cluster01").example("recover cluster01 --from cluster01.db");
}

}  // namespace muster
