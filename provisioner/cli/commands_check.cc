// check: what the hosts of definitions are fit for; plan and apply show the same of new ones.
#include <algorithm>
#include <ostream>

#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/definition_files.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/cli/jobs.h"
#include "provisioner/operations/objections.h"
#include "provisioner/operations/preflight.h"
#include "provisioner/report/findings.h"
#include "provisioner/report/terminal.h"

namespace muster {

std::vector<HostFindings> check_new_hosts(Context& context, const Planned& planned) {
  auto quiet = context.quiet();
  auto found =
      preflight(context.world(*quiet), planned, Checking::new_nodes, context.run_options());
  context.run_ended();
  return found;
}

void show_findings(const Context& context, const std::vector<HostFindings>& hosts,
                   std::ostream& stream) {
  if (hosts.empty()) return;
  stream << "\n"
         << findings_table(hosts, context.common().verbose) << findings_summary(hosts) << std::endl;
}

void tell_findings(Context& context, Reporter& reporter, const std::vector<HostFindings>& hosts) {
  for (const auto& host : hosts) {
    for (const auto& finding : host.findings) {
      if (finding.level == Level::ok) continue;
      Event event;
      event.type = EventType::warning;
      event.time_ms = context.clock().wall_ms();
      event.deployment = host.deployment;
      event.node = host.node;
      event.message = finding.check + ": " + finding.detail + "; " + finding.remedy;
      reporter.on(event);
    }
  }
}

namespace {

struct CheckOptions {
  std::vector<std::string> files;
  Overrides overrides;
  RunArguments run;
  std::string output;
};

int run_check(Context& context, const CheckOptions& options) {
  int code = kDone;
  std::vector<HostFindings> all;
  auto quiet = context.quiet();  // nothing is run
  for (const auto& file : definition_files(options.files)) {
    auto input = context.read(file, options.overrides);
    std::optional<Planned> planned;
    if (input.plannable) {
      planned = plan_definition(context.world(*quiet), input.definition, Against::record,
                                input.diagnostics);
    }
    if (!context.report(input.diagnostics)) {
      context.talk() << "muster: " << mistakes_in(input.diagnostics)
                     << ", its hosts are not checked\n";
      code = kUsage;
      continue;
    }
    for (const auto& objection : provider_objections(context.world(*quiet), *planned)) {
      context.talk() << "muster: apply cannot create nodes here: " << objection << "\n";
      code = std::max(code, kFailed);
    }
    auto found = preflight(context.world(*quiet), *planned, Checking::all_nodes,
                           context.run_options(options.run));
    context.run_ended();
    std::ranges::move(found, std::back_inserter(all));
  }
  if (count_of(all, Level::error) > 0) code = std::max(code, kFailed);
  if (options.output == "json") {
    context.out() << findings_json(all) << std::endl;
  } else {
    context.out() << findings_table(all, context.common().verbose) << findings_summary(all)
                  << std::endl;
  }
  return code;
}

}  // namespace

void add_check_commands(Table& table) {
  table.group(Group::machines, 1);
  auto check = table.command(
      "check", "whether the hosts of definitions are fit, and what to do if not", run_check);
  check
      .takes(files_argument(check->files), override_options(check->overrides),
             parallel_option(check->run), output_option({"json"}, check->output))
      .example("check cluster.json")
      .example("check cluster.json -o json")
      .opens_many_files();
}

}  // namespace muster
