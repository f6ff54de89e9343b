// report: a run as an HTML page.
#include <algorithm>
#include <ostream>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/context.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/report/html_report.h"

namespace muster {

namespace {

constexpr std::size_t kRunsNamed = 10;
constexpr int kMostRuns = 2'000'000'000;

std::string named(const RunRecord& run) {
  return std::to_string(run.id) + " (" + format_time(run.started_ms) + ", " +
         (run.result.empty() ? "did not end" : run.result) + ", " + run.command + ")";
}

/// The one with this id, or the last.
const RunRecord& chosen(const std::string& deployment, const std::vector<RunRecord>& runs,
                        std::optional<int> id) {
  if (!id) return runs.back();
  auto found =
      std::find_if(runs.begin(), runs.end(), [&](const RunRecord& run) { return run.id == *id; });
  if (found != runs.end()) return *found;
  std::string names;
  for (auto at = runs.size() - std::min(runs.size(), kRunsNamed); at < runs.size(); ++at) {
    names += "\n    " + named(runs[at]);
  }
  throw Error("'" + deployment + "' has no run " + std::to_string(*id), ExitCode::usage)
      .hint("its last ones:" + names);
}

/// As the definition said when the run was; nothing when that cannot be understood any more, as
/// when it names roles that are not given now.
std::optional<Cluster> cluster_in(Context& context, const RunRecord& run) {
  DeploymentRecord then;
  for (const auto& revision : context.store().revisions(run.deployment)) {
    bool begun = run.finished_ms == 0 || revision.created_ms <= run.finished_ms;
    if (!begun) break;
    then.definition_file = revision.definition_file;
    then.definition_text = revision.definition_text;
    then.definition_defaults = revision.definition_defaults;
  }
  if (then.definition_text.empty()) return std::nullopt;
  try {
    return context.wanted_cluster(then);
  } catch (const Error&) {  // what it was is not known any more
    return std::nullopt;
  }
}

struct ReportOptions {
  std::string name;
  std::optional<int> run;  ///< its id
  std::string out_file;
};

int run_report(Context& context, const ReportOptions& options) {
  const auto& name = options.name;
  const auto runs = context.store().runs(name);
  if (runs.empty()) {
    context.deployment(name);  // says what exists
    throw Error("nothing has been run on '" + name + "' yet");
  }
  const auto& run = chosen(name, runs, options.run);
  RunReport report;
  report.deployment = name;
  report.run = run.id;
  report.command = run.command;
  report.result = run.result;
  report.started_ms = run.started_ms;
  report.finished_ms = run.finished_ms;
  report.muster_version = MUSTER_VERSION;
  report.events = context.store().events(run.id);
  if (auto record = context.store().deployment(name)) report.tenant = record->tenant;
  if (auto cluster = cluster_in(context, run)) {
    report.tenant = cluster->tenant;
    if (cluster->kubernetes) report.kubernetes_version = cluster->settings.version;
  }
  auto page = html_report(report);
  auto file = options.out_file.empty() ? name + ".html" : options.out_file;
  if (file == "-") {
    context.out() << page;
    return kDone;
  }
  write_file(file, page);
  context.talk() << "muster: run " << run.id << " of '" << name << "' is in " << file << "\n";
  return kDone;
}

}  // namespace

void add_report_commands(Table& table) {
  table.group(Group::verdicts, 1);
  auto report = table.command(
      "report", "a run as an HTML page: when each node did what, what changed and failed",
      run_report);
  auto& options = *report;
  report
      .takes(
          name_argument(options.name),
          number("--run ID", "which run; the last when absent", {1, kMostRuns},
                 [&options](int id) { options.run = id; }),
          option("--out FILE", "where to; NAME.html when absent, '-' is stdout", options.out_file))
      .example("report cluster01")
      .example("report cluster01 --run 12 --out - > page.html");
}

}  // namespace muster
