// validate, plan, apply, destroy: the commands that take definitions.
#include <unistd.h>

#include <algorithm>
#include <ostream>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/cli/app.h"
#include "provisioner/engine/refresh.h"
#include "provisioner/engine/revisions.h"
#include "provisioner/report/table.h"
#include "provisioner/report/terminal.h"

namespace muster {

namespace {

constexpr int kDone = static_cast<int>(ExitCode::done);
constexpr int kUsage = static_cast<int>(ExitCode::usage);

constexpr int kInterrupted = static_cast<int>(ExitCode::interrupted);

std::string count_of(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

/// "cluster.json has 3 mistakes".
std::string mistakes_in(const Diagnostics& diagnostics) {
  const auto& items = diagnostics.items();
  auto errors = std::count_if(items.begin(), items.end(), [](const Diagnostic& item) {
    return item.severity == Severity::error;
  });
  return diagnostics.file() + " has " + count_of(static_cast<std::size_t>(errors), "mistake");
}

/// As it is named on a command line.
std::string shown_file(const Diagnostics& diagnostics) {
  return diagnostics.file() == "stdin" ? "-" : diagnostics.file();
}

/// The plan in `file`, which must be one of `deployment`.
Plan saved_plan(const std::filesystem::path& file, const std::string& deployment) {
  std::string text;
  try {
    text = read_file(file);
  } catch (const Error& problem) {
    throw Error(problem.what(), ExitCode::usage).hint("make it: muster plan FILE --out FILE");
  }
  try {
    auto plan = plan_from_json(text);
    if (plan.deployment == deployment) return plan;
    throw Error("the saved plan is of '" + plan.deployment + "', not of '" + deployment + "'",
                ExitCode::usage)
        .hint("name the definition that it was made of");
  } catch (Error& problem) {
    throw problem.while_doing("reading the saved plan '" + file.string() + "'");
  }
}

int exit_code_of(const RunSummary& summary) {
  if (summary.interrupted) return static_cast<int>(ExitCode::interrupted);
  return static_cast<int>(summary.good() ? ExitCode::done : ExitCode::step_failed);
}

}  // namespace

int App::validate() {
  int code = kDone;
  for (const auto& file : options_.arguments) {
    auto input = read(file);
    Diagnostics diagnostics = input.diagnostics;
    std::size_t nodes = 0;
    if (input.plannable) nodes = expand(input.definition, roles(), diagnostics).nodes.size();
    if (!report(diagnostics)) {
      code = kUsage;
      talk_ << "muster: " << mistakes_in(diagnostics) << "\n";
    } else {
      out_ << diagnostics.file() << ": good (" << count_of(nodes, "node") << ")" << std::endl;
    }
  }
  return code;
}

int App::plan() {
  int code = kDone;
  auto quiet = make_json_reporter(talk_);  // planning has no events
  for (const auto& file : options_.arguments) {
    auto input = options_.to ? recorded_definition(world(*quiet), file, *options_.to) : read(file);
    if (!input.plannable) {
      report(input.diagnostics);
      talk_ << "muster: " << mistakes_in(input.diagnostics) << ", nothing can be planned\n";
      code = kUsage;
      continue;
    }
    auto against = options_.refresh ? Against::providers : Against::record;
    auto planned = plan_definition(world(*quiet), input.definition, against, input.diagnostics);
    if (options_.json) {
      out_ << plan_json(planned.plan);
    } else if (options_.dot) {
      out_ << plan_dot(planned.plan);
    } else {
      out_ << plan_text(planned.plan);
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
  auto found = refresh(world(*quiet), planned, run_options(""));
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

int App::apply() {
  std::vector<DefinitionResult> inputs;
  bool good = true;
  for (const auto& file : options_.arguments) {
    inputs.push_back(read(file));
    const auto& input = inputs.back();
    // A definition that can name its deployment can be destroyed, whatever else is wrong.
    bool enough = options_.destroy && !input.definition.name.empty();
    if (!report(input.diagnostics) && !enough) {
      talk_ << "muster: " << mistakes_in(input.diagnostics) << "\n";
      good = false;
    }
  }
  if (!good) {
    talk_ << "muster: nothing was changed\n";
    return kUsage;
  }
  if (options_.destroy) {
    std::vector<std::string> names;
    for (const auto& input : inputs) names.push_back(input.definition.name);
    return destroy(names);
  }
  int code = kDone;
  for (const auto& input : inputs) {
    code = std::max(code, apply_one(input, again("apply", shown_file(input.diagnostics))));
    if (code == kInterrupted) break;
  }
  return code;
}

int App::apply_one(const DefinitionResult& input, const std::string& command) {
  const auto& name = input.definition.name;
  ApplyRequest request;
  request.input = &input;
  request.atomic = options_.atomic;
  if (!options_.plan_file.empty()) request.exactly = saved_plan(options_.plan_file, name);
  auto reports = reporter();
  auto result = muster::apply(world(*reports), request,
                              run_options("apply these changes to '" + name + "'?"));
  reports.reset();  // the live view is wiped before we talk on
  on_stop_.reset();
  if (result.undone) {
    tell_undone(name, *result.undone);
  } else {
    tell_applied(input.definition, result, command);
  }
  return exit_code_of(result.run);
}

std::string App::undo_command(const std::string& name) {
  return (find_revision_before(store(), name) ? "muster rollback " : "muster destroy ") + name;
}

void App::tell_applied(const Definition& definition, const Result& result,
                       const std::string& command) {
  const auto& name = definition.name;
  if (result.declined) {
    talk_ << "muster: nothing was changed\n";
  } else if (result.run.interrupted) {
    talk_ << "muster: stopped; what is done stays\n  go on:  " << command
          << "\n  undo:   " << undo_command(name) << "\n";
  } else if (!result.run.good()) {
    talk_ << "muster: '" << name << "' is not complete; what works stays"
          << (options_.atomic ? ", since its definition is the one that it had before" : "")
          << "\n  see all:    muster logs " << name << "\n  try again:  " << command
          << "\n  undo:       " << undo_command(name) << "\n";
  } else if (definition.commit) {
    talk_ << "muster: '" << name << "' is up\n  use it:  muster kubeconfig " << name << " > "
          << name << ".kubeconfig\n";
  } else {
    talk_ << "muster: '" << name << "' is proposed (\"commit\": false): its nodes exist, no role "
          << "was applied\n";
    if (options_.command == "apply") talk_ << "  go on:  " << command << " --set commit=true\n";
  }
}

void App::tell_undone(const std::string& name, const Undone& undone) {
  const auto revision = std::to_string(undone.back_to);
  if (undone.run.good()) {
    talk_ << "muster: "
          << (undone.back_to == 0 ? "all of it was undone: there is no '" + name + "'"
                                  : "'" + name + "' is back at revision " + revision)
          << "\n  see why:  muster logs " << name << " --all\n";
    return;
  }
  talk_ << "muster: '" << name << "' could not be undone wholly\n  see all:    muster logs " << name
        << "\n  try again:  muster "
        << (undone.back_to == 0 ? "destroy " + name : "rollback " + name + " --to " + revision)
        << "\n";
}

int App::rollback() {
  const auto& name = options_.arguments.front();
  auto quiet = make_json_reporter(talk_);
  int revision = options_.to ? *options_.to : revision_before(store(), name);
  auto definition = recorded_definition(world(*quiet), name, revision);
  report(definition.diagnostics);  // warnings
  talk_ << "muster: to revision " << revision << " of '" << name << "'\n";
  return apply_one(definition, "muster rollback " + name + " --to " + std::to_string(revision));
}

std::string App::name_to_destroy(const std::string& word) {
  // Names of deployments have neither: "x.json" and "./x" are files.
  if (word != "-" && word.find_first_of("./") == std::string::npos) return word;
  auto input = read(word);
  if (input.definition.name.empty()) report(input.diagnostics);
  return input.definition.name;
}

int App::destroy(const std::vector<std::string>& words) {
  if (!options_.yes && ::isatty(STDIN_FILENO) == 0) {
    throw Error("destroy deletes nodes and everything on them", ExitCode::usage)
        .hint("without a terminal to ask on, say --yes");
  }
  std::vector<std::string> names;
  for (const auto& word : words) {
    names.push_back(name_to_destroy(word));
    if (names.back().empty()) return kUsage;
  }
  int code = kDone;
  for (const auto& name : names) {
    if (!store().deployment(name)) {
      talk_ << "muster: there is no deployment '" << name << "': nothing to destroy\n";
      continue;
    }
    auto reports = reporter();
    auto result = muster::destroy(world(*reports), name,
                                  run_options("destroy '" + name + "' and all on its nodes?"));
    reports.reset();
    on_stop_.reset();
    code = std::max(code, exit_code_of(result.run));
    if (result.declined) {
      talk_ << "muster: nothing was changed\n";
    } else if (result.run.good()) {
      talk_ << "muster: '" << name << "' is gone\n";
    } else {
      talk_ << "muster: what is left of '" << name
            << "' is still on record\n  see all:    muster logs " << name
            << "\n  try again:  muster destroy " << name << "\n";
    }
    if (code == kInterrupted) break;
  }
  return code;
}

}  // namespace muster
