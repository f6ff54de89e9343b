// check: what the hosts of definitions are fit for; plan and apply show the same of new ones.
#include <algorithm>
#include <ostream>

#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/app.h"
#include "provisioner/cli/definition_files.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/engine/preflight.h"
#include "provisioner/report/terminal.h"

namespace muster {

int App::check() {
  int code = kDone;
  std::vector<HostFindings> all;
  auto quiet = make_json_reporter(talk_);  // nothing is run
  for (const auto& file : definition_files(options_.arguments)) {
    auto input = read(file);
    std::optional<Planned> planned;
    if (input.plannable) {
      planned =
          plan_definition(world(*quiet), input.definition, Against::record, input.diagnostics);
    }
    if (!report(input.diagnostics)) {
      talk_ << "muster: " << mistakes_in(input.diagnostics) << ", its hosts are not checked\n";
      code = kUsage;
      continue;
    }
    for (const auto& objection : provider_objections(world(*quiet), *planned)) {
      talk_ << "muster: apply cannot create nodes here: " << objection << "\n";
      code = std::max(code, kFailed);
    }
    auto found = preflight(world(*quiet), *planned, Checking::all_nodes, run_options());
    on_stop_.reset();
    std::ranges::move(found, std::back_inserter(all));
  }
  if (count_of(all, Level::error) > 0) code = std::max(code, kFailed);
  if (options_.output == "json") {
    out_ << findings_json(all) << std::endl;
  } else {
    out_ << findings_table(all, options_.verbose) << findings_summary(all) << std::endl;
  }
  return code;
}

std::vector<HostFindings> App::check_new_hosts(const Planned& planned) {
  auto quiet = make_json_reporter(talk_);
  auto found = preflight(world(*quiet), planned, Checking::new_nodes, run_options());
  on_stop_.reset();
  return found;
}

void App::show_findings(const std::vector<HostFindings>& hosts, std::ostream& stream) {
  if (hosts.empty()) return;
  stream << "\n" << findings_table(hosts, options_.verbose) << findings_summary(hosts) << std::endl;
}

void App::keep_findings(Reporter& reporter, const std::vector<HostFindings>& hosts) {
  if (!options_.json) {
    std::lock_guard lock(findings_mutex_);
    findings_.insert(findings_.end(), hosts.begin(), hosts.end());
    return;
  }
  for (const auto& host : hosts) {
    for (const auto& finding : host.findings) {
      if (finding.level == Level::ok) continue;
      Event event;
      event.type = EventType::warning;
      event.time_ms = clock_.wall_ms();
      event.deployment = host.deployment;
      event.node = host.node;
      event.message = finding.check + ": " + finding.detail + "; " + finding.remedy;
      reporter.on(event);
    }
  }
}

}  // namespace muster
