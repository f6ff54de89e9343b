// gc: destroys the deployments whose time is over.
#include <ostream>

#include "provisioner/base/duration.h"
#include "provisioner/base/error.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/cli/jobs.h"
#include "provisioner/operations/expiry.h"
#include "provisioner/report/table.h"

namespace muster {

namespace {

constexpr int kLocked = static_cast<int>(ExitCode::locked);
constexpr int kInterrupted = static_cast<int>(ExitCode::interrupted);

std::string table_of(const std::vector<DeploymentRecord>& expired, std::int64_t now_ms) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& record : expired) {
    rows.push_back({record.name, record.tenant, std::to_string(record.nodes.size()),
                    format_when(record.expires_ms, now_ms)});
  }
  return render_table({"NAME", "TENANT", "NODES", "EXPIRED"}, rows);
}

std::string question(std::size_t count) {
  return count == 1 ? "destroy it and all on its nodes?"
                    : "destroy these " + std::to_string(count) + " and all on their nodes?";
}

/// What is printed of one, behind its name.
std::string fate_text(const Swept& swept) {
  switch (swept.fate) {
    case Fate::destroyed:
      return "destroyed";
    case Fate::kept:
      return "kept: it has more time now, or is gone already";
    case Fate::in_use:
      return "skipped: in use by " + swept.why;
    case Fate::interrupted:
      return "stopped: what is left of it is still on record";
    case Fate::failed:
      break;
  }
  return "not destroyed: what is left of it is still on record";
}

/// The worst of what gc has seen: a failure outweighs what another run holds.
int worse(int code, Fate fate) {
  if (code == kInterrupted || fate == Fate::interrupted) return kInterrupted;
  if (code == kFailed || fate == Fate::failed) return kFailed;
  return fate == Fate::in_use ? kLocked : code;
}

struct GcOptions {
  bool dry_run = false;
  RunArguments run;
};

/// Destroys one expired deployment, and prints what came of it.
Fate sweep(Context& context, const RunArguments& run, const DeploymentRecord& record,
           const std::set<std::string>& forgotten) {
  const auto& name = record.name;
  auto reports = context.reporter(run);
  auto options = context.run_options(run);
  options.leaving.forgotten = forgotten;
  auto swept = destroy_expired(context.world(*reports), name, options);
  reports.reset();  // the live view is wiped before we talk on
  context.run_ended();
  if (swept.fate == Fate::failed) {
    if (!swept.why.empty()) context.talk() << "muster: " << swept.why << "\n";
    context.talk() << "muster: '" << name
                   << "' could not be destroyed wholly\n  see all:    muster logs " << name
                   << "\n  try again:  muster destroy " << name << "\n";
  }
  context.out() << name << ": " << fate_text(swept) << std::endl;
  return swept.fate;
}

int run_gc(Context& context, const GcOptions& options) {
  context.need_terminal_or_yes(options.dry_run || options.run.yes,
                               "gc deletes nodes and everything on them",
                               "; to see what it would do: muster gc --dry-run");
  const auto now = context.clock().wall_ms();
  const auto expired = expired_deployments(context.store(), now);
  if (expired.empty()) {
    context.talk() << "muster: nothing has expired\n";
    return kDone;
  }
  if (options.dry_run) {
    context.out() << table_of(expired, now);
    return kDone;
  }
  if (!options.run.yes) {
    context.talk() << table_of(expired, now);
    if (!context.confirm(question(expired.size()))) {
      context.talk() << "muster: nothing was changed\n";
      return kInterrupted;
    }
  }
  std::vector<std::string> names;
  for (const auto& record : expired) names.push_back(record.name);
  const auto forgotten = forgotten_nodes(context, options.run, names);
  int code = kDone;
  for (const auto& record : expired) {
    if (code == kInterrupted) break;
    code = worse(code, sweep(context, options.run, record, forgotten));
  }
  forget_old_runs(context);
  return code;
}

}  // namespace

void add_gc_commands(Table& table) {
  table.group(Group::pipelines);
  auto gc = table.command("gc", "destroy the deployments whose time is over (apply --ttl)", run_gc);
  gc.takes(flag("--dry-run", "only say which", gc->dry_run), yes_option(gc->run.yes),
           forget_option(gc->run))
      .example("gc --yes")
      .is_run();
}

}  // namespace muster
