// validate, plan, schema: what definitions are worth, and what they would do.
#include <algorithm>
#include <ostream>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/definition_files.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/cli/jobs.h"
#include "provisioner/definition/expansion.h"
#include "provisioner/operations/objections.h"
#include "provisioner/operations/places.h"
#include "provisioner/operations/refresh.h"
#include "provisioner/operations/revisions.h"
#include "provisioner/report/findings.h"
#include "provisioner/report/table.h"
#include "provisioner/report/terminal.h"

namespace muster {

namespace {

struct ValidateOptions {
  std::vector<std::string> files;
  Overrides overrides;
};

/// A state that is not there yet is not made for this.
void check_known_places(Context& context, const Definition& definition, Cluster& cluster,
                        Diagnostics& diagnostics) {
  World known;
  known.store = context.known_state();
  known.providers = &context.providers();
  known.roles = &context.roles();
  auto record = known.store == nullptr ? std::nullopt : known.store->deployment(cluster.name);
  ask_machines(known, cluster, record ? &*record : nullptr);
  check_places(known, definition, cluster, record ? &*record : nullptr, diagnostics);
}

int run_validate(Context& context, const ValidateOptions& options) {
  int code = kDone;
  for (const auto& file : definition_files(options.files)) {
    auto input = context.read(file, options.overrides);
    Diagnostics diagnostics = input.diagnostics;
    std::size_t nodes = 0;
    if (input.plannable) {
      auto cluster = expand(input.definition, context.roles(), diagnostics);
      nodes = cluster.nodes.size();
      check_known_places(context, input.definition, cluster, diagnostics);
    }
    if (!context.report(diagnostics)) {
      code = kUsage;
      context.talk() << "muster: " << mistakes_in(diagnostics) << "\n";
    } else {
      context.out() << diagnostics.file() << ": good (" << count_of(nodes, "node") << ")"
                    << std::endl;
    }
  }
  return code;
}

struct PlanArguments {
  std::vector<std::string> files;
  Overrides overrides;
  RunArguments run;  ///< what it would be told
  bool json = false;
  bool dot = false;
  std::string out_file;
  bool detailed_exitcode = false;
  std::optional<int> to;
  bool refresh = false;
};

std::string check_plan(const PlanArguments& options) {
  const bool several = options.files.size() > 1;
  const bool lost = !options.run.given_up.nodes.empty();
  if (options.to && several) return "'--to' is of one deployment: name that one";
  if (options.to && !options.overrides.empty()) {
    return "'--to' is as it was: '--set', '--provider' and '--name-suffix' do not go with it";
  }
  if (options.to && !options.out_file.empty()) {
    return "'--to' is for 'muster rollback', which takes no saved plan: leave '--out' out";
  }
  if (options.json && options.dot) return "'--json' and '--dot' do not go together";
  if (options.refresh && (options.json || options.dot)) {
    return "'--refresh' shows its findings to people: leave '--json' and '--dot' out";
  }
  if (!options.out_file.empty() && several) return "'--out' saves one plan: name one definition";
  if (!options.refresh && lost) {
    return "'--lost' is for what providers are asked for: say '--refresh' too";
  }
  return lost && several ? "'--lost' is of one definition: name that one" : "";
}

/// Asks the nodes and prints what has drifted; whether anything has.
bool report_drift(Context& context, const Planned& planned, const RunArguments& run, int& code) {
  auto quiet = context.quiet();
  auto found = refresh(context.world(*quiet), planned, context.run_options(run));
  for (const auto& why : found.unchecked) context.talk() << "muster: cannot check " << why << "\n";
  if (!found.unchecked.empty()) code = std::max(code, kFailed);
  auto& out = context.out();
  if (found.drift.empty()) {
    if (found.unchecked.empty()) out << "no drift: the nodes are as they were left" << std::endl;
    return false;
  }
  out << "drift: " << count_of(found.drift.size(), "task") << " to do again\n";
  std::vector<std::vector<std::string>> rows;
  for (const auto& drift : found.drift) {
    rows.push_back({drift.node, drift.role, drift.task, drift.message});
  }
  out << render_table({"NODE", "ROLE", "TASK", "APPLY WOULD"}, rows) << std::flush;
  return true;
}

void show_plan(Context& context, const PlanArguments& options, const Plan& plan,
               const std::vector<HostFindings>& findings) {
  auto& out = context.out();
  if (options.json) {
    out << plan_json(plan, findings.empty() ? "" : findings_json(findings));
  } else if (options.dot) {
    out << plan_dot(plan);
  } else {
    out << plan_text(plan);
    show_findings(context, findings, out);
  }
  out << std::flush;
}

int run_plan(Context& context, const PlanArguments& options) {
  int code = kDone;
  auto& talk = context.talk();
  auto quiet = context.quiet();  // planning has no events
  const auto files = options.to ? options.files : definition_files(options.files);
  for (const auto& file : files) {
    const auto everything = context.world(*quiet);
    auto input = options.to ? recorded_definition(everything, file, *options.to)
                            : context.read(file, options.overrides);
    if (!input.plannable) {
      context.report(input.diagnostics);
      talk << "muster: " << mistakes_in(input.diagnostics) << ", nothing can be planned\n";
      code = kUsage;
      continue;
    }
    auto against = options.refresh ? Against::providers : Against::record;
    auto planned = plan_definition(everything, input.definition, against, input.diagnostics,
                                   {{}, options.run.given_up});
    std::vector<HostFindings> findings;
    if (!options.run.skip_check && !options.dot && !input.diagnostics.has_errors()) {
      findings = check_new_hosts(context, planned);
    }
    show_plan(context, options, planned.plan, findings);
    if (!context.report(input.diagnostics)) {
      talk << "muster: " << mistakes_in(input.diagnostics)
           << ", apply refuses it until they are mended\n";
      code = kUsage;
      continue;
    }
    for (const auto& objection : provider_objections(everything, planned)) {
      talk << "muster: apply cannot create nodes here: " << objection << "\n";
    }
    if (count_of(findings, Level::error) > 0) {
      talk << "muster: apply refuses hosts with errors until they are mended\n";
    }
    if (!options.out_file.empty()) {
      write_file(options.out_file, plan_json(planned.plan));
      talk << "muster: the plan is saved; apply it: " << again("apply", file, options.overrides)
           << " --plan " << typed(options.out_file) << "\n";
    }
    bool drifted = options.refresh && report_drift(context, planned, options.run, code);
    if (options.detailed_exitcode && (drifted || !planned.plan.empty())) code = kUsage;
  }
  return code;
}

int run_schema(Context& context, const NoOptions&) {
  context.out() << definition_schema();
  return kDone;
}

}  // namespace

void add_definition_commands(Table& table) {
  table.group(Group::definitions);
  auto validate =
      table.command("validate", "check definitions; every mistake at once", run_validate);
  validate.takes(files_argument(validate->files), override_options(validate->overrides))
      .example("validate cluster.json");

  auto plan = table.command("plan", "show what apply would do, and why", run_plan);
  plan.takes(
          files_argument(plan->files), override_options(plan->overrides),
          flag("--json", "the plan as JSON", plan->json),
          flag("--dot", "the plan as a graph for Graphviz", plan->dot),
          option("--out FILE", "save the plan for 'muster apply --plan'", plan->out_file),
          flag("--detailed-exitcode", "exit 2 when there are changes, 0 when there are none",
               plan->detailed_exitcode),
          revision_option("FILE is a deployment: what a rollback to it would do", plan->to),
          flag("--refresh", "ask providers and nodes too, and say what has drifted", plan->refresh),
          lost_options(plan->run.given_up), skip_check_option(plan->run))
      .example("plan cluster.json")
      .example("plan cluster.json --provider local --set attribs.k8s-version=v1.36.3")
      .example("plan cluster01 --to 3")
      .example("plan cluster.json --dot | dot -Tsvg > plan.svg")
      .check(check_plan)
      .opens_many_files();

  table.group(Group::definitions, 2);
  table.command("schema", "the JSON Schema of definitions, for editors", run_schema)
      .example("schema > muster.schema.json");
}

}  // namespace muster
