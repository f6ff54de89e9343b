// validate, plan: what definitions are worth, and what they would do.
#include <unistd.h>

#include <algorithm>
#include <ostream>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/app.h"
#include "provisioner/cli/definition_files.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/definition/expansion.h"
#include "provisioner/engine/places.h"
#include "provisioner/engine/refresh.h"
#include "provisioner/engine/revisions.h"
#include "provisioner/report/table.h"
#include "provisioner/report/terminal.h"

namespace muster {

int App::validate() {
  int code = kDone;
  for (const auto& file : definition_files(options_.arguments)) {
    auto input = read(file);
    Diagnostics diagnostics = input.diagnostics;
    std::size_t nodes = 0;
    if (input.plannable) {
      auto cluster = expand(input.definition, roles(), diagnostics);
      nodes = cluster.nodes.size();
      check_places(input.definition, cluster, diagnostics);
    }
    if (!report(diagnostics)) {
      code = kUsage;
      talk_ << "muster: " << mistakes_in(diagnostics) << "\n";
    } else {
      out_ << diagnostics.file() << ": good (" << count_of(nodes, "node") << ")" << std::endl;
    }
  }
  return code;
}

/// A state that is not there yet is not made for this.
void App::check_places(const Definition& definition, Cluster& cluster, Diagnostics& diagnostics) {
  World known;
  known.store = known_state();
  known.providers = &providers();
  known.roles = &roles();
  auto record = known.store == nullptr ? std::nullopt : known.store->deployment(cluster.name);
  ask_machines(known, cluster, record ? &*record : nullptr);
  muster::check_places(known, definition, cluster, record ? &*record : nullptr, diagnostics);
}

int App::plan() {
  int code = kDone;
  auto quiet = make_json_reporter(talk_);  // planning has no events
  const auto files = options_.to ? options_.arguments : definition_files(options_.arguments);
  for (const auto& file : files) {
    auto input = options_.to ? recorded_definition(world(*quiet), file, *options_.to) : read(file);
    if (!input.plannable) {
      report(input.diagnostics);
      talk_ << "muster: " << mistakes_in(input.diagnostics) << ", nothing can be planned\n";
      code = kUsage;
      continue;
    }
    auto against = options_.refresh ? Against::providers : Against::record;
    auto planned = plan_definition(world(*quiet), input.definition, against, input.diagnostics,
                                   {{}, options_.given_up});
    std::vector<HostFindings> findings;
    if (!options_.skip_check && !options_.dot && !input.diagnostics.has_errors()) {
      findings = check_new_hosts(planned);
    }
    if (options_.json) {
      out_ << plan_json(planned.plan, findings.empty() ? "" : findings_json(findings));
    } else if (options_.dot) {
      out_ << plan_dot(planned.plan);
    } else {
      out_ << plan_text(planned.plan);
      show_findings(findings, out_);
    }
    out_ << std::flush;
    if (!report(input.diagnostics)) {
      talk_ << "muster: " << mistakes_in(input.diagnostics)
            << ", apply refuses it until they are mended\n";
      code = kUsage;
      continue;
    }
    for (const auto& objection : provider_objections(world(*quiet), planned)) {
      talk_ << "muster: apply cannot create nodes here: " << objection << "\n";
    }
    if (count_of(findings, Level::error) > 0) {
      talk_ << "muster: apply refuses hosts with errors until they are mended\n";
    }
    if (!options_.out_file.empty()) {
      write_file(options_.out_file, plan_json(planned.plan));
      talk_ << "muster: the plan is saved; apply it: " << again("apply", file) << " --plan "
            << typed(options_.out_file) << "\n";
    }
    bool drifted = options_.refresh && report_drift(planned, code);
    if (options_.detailed_exitcode && (drifted || !planned.plan.empty())) code = kUsage;
  }
  return code;
}

bool App::report_drift(const Planned& planned, int& code) {
  auto quiet = make_json_reporter(talk_);
  auto found = refresh(world(*quiet), planned, run_options());
  for (const auto& why : found.unchecked) talk_ << "muster: cannot check " << why << "\n";
  if (!found.unchecked.empty()) code = std::max(code, static_cast<int>(ExitCode::step_failed));
  if (found.drift.empty()) {
    if (found.unchecked.empty()) out_ << "no drift: the nodes are as they were left" << std::endl;
    return false;
  }
  out_ << "drift: " << count_of(found.drift.size(), "task") << " to do again\n";
  std::vector<std::vector<std::string>> rows;
  for (const auto& drift : found.drift) {
    rows.push_back({drift.node, drift.role, drift.task, drift.message});
  }
  out_ << render_table({"NODE", "ROLE", "TASK", "APPLY WOULD"}, rows) << std::flush;
  return true;
}

}  // namespace muster
