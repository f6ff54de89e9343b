// report: a run as an HTML page.
#include <algorithm>
#include <ostream>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/app.h"
#include "provisioner/report/html_report.h"

namespace muster {

namespace {

constexpr std::size_t kRunsNamed = 10;

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

}  // namespace

std::optional<Cluster> App::cluster_in(const RunRecord& run) {
  DeploymentRecord then;
  for (const auto& revision : store().revisions(run.deployment)) {
    bool begun = run.finished_ms == 0 || revision.created_ms <= run.finished_ms;
    if (!begun) break;
    then.definition_file = revision.definition_file;
    then.definition_text = revision.definition_text;
    then.definition_defaults = revision.definition_defaults;
  }
  if (then.definition_text.empty()) return std::nullopt;
  try {
    return wanted_cluster(then);
  } catch (const Error&) {  // what it was is not known any more
    return std::nullopt;
  }
}

int App::report_run() {
  const auto& name = options_.arguments.front();
  const auto runs = store().runs(name);
  if (runs.empty()) {
    deployment(name);  // says what exists
    throw Error("nothing has been run on '" + name + "' yet");
  }
  const auto& run = chosen(name, runs, options_.run);
  RunReport report;
  report.deployment = name;
  report.run = run.id;
  report.command = run.command;
  report.result = run.result;
  report.started_ms = run.started_ms;
  report.finished_ms = run.finished_ms;
  report.muster_version = MUSTER_VERSION;
  report.events = store().events(run.id);
  if (auto record = store().deployment(name)) report.tenant = record->tenant;
  if (auto cluster = cluster_in(run)) {
    report.tenant = cluster->tenant;
    if (cluster->kubernetes) report.kubernetes_version = cluster->settings.version;
  }
  auto page = html_report(report);
  auto file = options_.out_file.empty() ? name + ".html" : options_.out_file;
  if (file == "-") {
    out_ << page;
    return 0;
  }
  write_file(file, page);
  talk_ << "muster: run " << run.id << " of '" << name << "' is in " << file << "\n";
  return 0;
}

}  // namespace muster
