// validate, plan, apply, destroy: the commands that take definitions.
#include <unistd.h>

#include <ostream>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/cli/app.h"

namespace muster {

namespace {

constexpr int kDone = static_cast<int>(ExitCode::done);
constexpr int kUsage = static_cast<int>(ExitCode::usage);

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
    } else {
      out_ << file << ": good (" << nodes << " nodes)\n";
    }
  }
  return code;
}

int App::plan() {
  int code = kDone;
  auto quiet = reporter();
  for (const auto& file : options_.arguments) {
    auto input = read(file);
    if (!input.plannable) {
      report(input.diagnostics);
      code = kUsage;
      continue;
    }
    auto planned = plan_definition(world(*quiet), input.definition, input.diagnostics);
    if (options_.json) {
      out_ << plan_json(planned.plan) << "\n";
    } else if (options_.dot) {
      out_ << plan_dot(planned.plan);
    } else {
      out_ << plan_text(planned.plan);
    }
    out_ << std::flush;
    if (!report(input.diagnostics)) {
      code = kUsage;
      continue;
    }
    for (const auto& objection : provider_objections(world(*quiet), planned)) {
      talk_ << "muster: apply cannot create nodes here: " << objection << "\n";
    }
    if (!options_.out_file.empty()) write_file(options_.out_file, plan_json(planned.plan) + "\n");
    if (options_.detailed_exitcode && !planned.plan.empty()) code = kUsage;
  }
  return code;
}

int App::apply() {
  std::vector<DefinitionResult> inputs;
  bool good = true;
  for (const auto& file : options_.arguments) {
    inputs.push_back(read(file));
    // A definition that can name its deployment can be destroyed, whatever else is wrong.
    bool enough = options_.destroy && !inputs.back().definition.name.empty();
    good = report(inputs.back().diagnostics) && good;
    good = good || enough;
  }
  if (!good) return kUsage;
  if (options_.destroy) {
    std::vector<std::string> names;
    for (const auto& input : inputs) names.push_back(input.definition.name);
    return destroy(names);
  }

  int code = kDone;
  for (const auto& input : inputs) {
    const auto& name = input.definition.name;
    ApplyRequest request;
    request.input = &input;
    if (!options_.plan_file.empty()) {
      request.exactly = plan_from_json(read_file(options_.plan_file));
    }
    auto reports = reporter();
    auto summary = muster::apply(world(*reports), request,
                                 run_options("apply these changes to '" + name + "'?"));
    reports.reset();  // the live view is wiped before we talk on
    code = std::max(code, exit_code_of(summary));
    if (summary.interrupted) {
      talk_ << "muster: stopped; resume with: muster apply " << input.diagnostics.file() << "\n";
      break;
    }
    if (!summary.good()) {
      talk_ << "muster: what works was kept. To see more: muster logs " << name
            << "; to go on: muster apply " << input.diagnostics.file()
            << "; to remove all: muster destroy " << name << "\n";
    } else if (input.definition.commit) {
      talk_ << "muster: '" << name << "' is up. Next: muster kubeconfig " << name << " > " << name
            << ".kubeconfig\n";
    } else {
      talk_ << "muster: '" << name << "' is proposed (\"commit\": false): its nodes exist, no role "
            << "was applied\n";
    }
  }
  return code;
}

int App::destroy(const std::vector<std::string>& names) {
  if (!options_.yes && ::isatty(STDIN_FILENO) == 0) {
    throw Error("destroy deletes nodes and everything on them", ExitCode::usage)
        .hint("without a terminal to ask on, say --yes");
  }
  int code = kDone;
  for (auto name : names) {
    // Names of deployments have neither: "x.json" and "./x" are files.
    if (name.find_first_of("./") != std::string::npos) {
      auto input = read(name);
      if (input.definition.name.empty()) {
        report(input.diagnostics);
        return kUsage;
      }
      name = input.definition.name;
    }
    if (!store().deployment(name)) {
      talk_ << "muster: there is no deployment '" << name << "': nothing to destroy\n";
      continue;
    }
    auto reports = reporter();
    auto summary = muster::destroy(world(*reports), name,
                                   run_options("destroy '" + name + "' and all on its nodes?"));
    reports.reset();
    code = std::max(code, exit_code_of(summary));
    if (summary.good()) {
      talk_ << "muster: '" << name << "' is gone\n";
    } else {
      talk_ << "muster: what could not be deleted is still on record; try again: muster destroy "
            << name << "\n";
    }
  }
  return code;
}

}  // namespace muster
