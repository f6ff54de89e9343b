// gc: destroys the deployments whose time is over.
#include <unistd.h>

#include <ostream>

#include "provisioner/base/duration.h"
#include "provisioner/base/error.h"
#include "provisioner/cli/app.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/engine/expiry.h"
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

}  // namespace

int App::gc() {
  if (!options_.dry_run && !options_.yes && ::isatty(STDIN_FILENO) == 0) {
    throw Error("gc deletes nodes and everything on them", ExitCode::usage)
        .hint(
            "without a terminal to ask on, say --yes; to see what it would do: muster gc "
            "--dry-run");
  }
  const auto now = clock_.wall_ms();
  const auto expired = expired_deployments(store(), now);
  if (expired.empty()) {
    talk_ << "muster: nothing has expired\n";
    return kDone;
  }
  if (options_.dry_run) {
    out_ << table_of(expired, now);
    return kDone;
  }
  if (!options_.yes) {
    talk_ << table_of(expired, now);
    if (!confirm(question(expired.size()))) {
      talk_ << "muster: nothing was changed\n";
      return kInterrupted;
    }
  }
  std::vector<std::string> names;
  for (const auto& record : expired) names.push_back(record.name);
  const auto forgotten = forgotten_nodes(names);
  int code = kDone;
  for (const auto& record : expired) {
    if (code == kInterrupted) break;
    code = worse(code, sweep(record, forgotten));
  }
  forget_old_runs();
  return code;
}

Fate App::sweep(const DeploymentRecord& record, const std::set<std::string>& forgotten) {
  const auto& name = record.name;
  auto reports = reporter();
  auto options = run_options();
  options.leaving.forgotten = forgotten;
  auto swept = destroy_expired(world(*reports), name, options);
  reports.reset();  // the live view is wiped before we talk on
  on_stop_.reset();
  if (swept.fate == Fate::failed) {
    if (!swept.why.empty()) talk_ << "muster: " << swept.why << "\n";
    talk_ << "muster: '" << name << "' could not be destroyed wholly\n  see all:    muster logs "
          << name << "\n  try again:  muster destroy " << name << "\n";
  }
  out_ << name << ": " << fate_text(swept) << std::endl;
  return swept.fate;
}

}  // namespace muster
