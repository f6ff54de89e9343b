// apply, rollback, destroy: what changes clusters.
#include <algorithm>
#include <ostream>

#include "provisioner/cli/definition_files.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/cli/jobs.h"
#include "provisioner/operations/revisions.h"

namespace muster {

namespace {

struct ApplyOptions {
  std::vector<std::string> files;
  Overrides overrides;
  RunArguments run;
  std::string plan_file;
  std::string bundle;  ///< nothing else is contacted
  bool destroy = false;
};

std::string check_apply(const ApplyOptions& options) {
  if (options.destroy) {
    const std::string other = options.run.atomic               ? "--atomic"
                              : !options.bundle.empty()        ? "--bundle"
                              : options.run.ttl_ms.has_value() ? "--ttl"
                              : !options.plan_file.empty()     ? "--plan"
                                                               : "";
    if (!other.empty()) return "'" + other + "' and '--destroy' do not go together";
  }
  if (options.files.size() < 2) return "";
  if (!options.run.given_up.nodes.empty()) return "'--lost' is of one definition: name that one";
  return options.plan_file.empty() ? "" : "'--plan' is of one definition: name that one";
}

int run_apply(Context& context, const ApplyOptions& options) {
  if (!options.bundle.empty()) context.stay_offline();
  std::vector<DefinitionResult> inputs;
  int code = kDone;
  for (const auto& file : definition_files(options.files)) {
    auto input = context.read(file, options.overrides);
    // A definition that can name its deployment can be destroyed, whatever else is wrong.
    bool enough = options.destroy && !input.definition.name.empty();
    if (context.report(input.diagnostics) || enough) {
      inputs.push_back(std::move(input));
      continue;
    }
    context.talk() << "muster: " << mistakes_in(input.diagnostics) << "\n";
    code = kUsage;
  }
  if (inputs.empty()) {
    context.talk() << "muster: nothing was changed\n";
    return code;
  }
  if (options.destroy) {
    std::vector<std::string> names;
    for (const auto& input : inputs) names.push_back(input.definition.name);
    return std::max(code, destroy_named(context, options.run, names));
  }
  if (code != kDone) context.talk() << "muster: going on without it\n";
  if (!options.bundle.empty()) {
    context.artifacts().unpack(
        options.bundle, [&](const std::string& line) { context.say(line); }, context.stop());
  }
  std::vector<Job> jobs;
  for (const auto& input : inputs) {
    const auto& file = input.diagnostics.file();
    auto retry = again("apply", file == "stdin" ? "-" : file, options.overrides, options.bundle);
    jobs.push_back({input.definition.name, &input, retry, {}, options.plan_file, true});
  }
  return std::max(code, run_jobs(context, options.run, jobs));
}

struct RollbackOptions {
  std::string name;
  std::optional<int> to;
  RunArguments run;
};

int run_rollback(Context& context, const RollbackOptions& options) {
  const auto& name = options.name;
  auto quiet = context.quiet();
  int revision = options.to ? *options.to : revision_before(context.store(), name);
  auto definition = recorded_definition(context.world(*quiet), name, revision);
  context.report(definition.diagnostics);  // warnings
  context.talk() << "muster: to revision " << revision << " of '" << name << "'\n";
  return run_jobs(
      context, options.run,
      {{name, &definition, "muster rollback " + name + " --to " + std::to_string(revision)}});
}

struct DestroyOptions {
  std::vector<std::string> words;
  Overrides overrides;
  RunArguments run;
};

std::string check_destroy(const DestroyOptions& options) {
  if (!options.overrides.name_suffix) return "";
  for (const auto& word : options.words) {
    if (word != "-" && word.find_first_of("./") == std::string::npos) {
      return "'--name-suffix' is for definitions: of the deployment '" + word +
             "' say the whole name, as 'muster list' does";
    }
  }
  return "";
}

int run_destroy(Context& context, const DestroyOptions& options) {
  std::vector<std::string> names;
  for (const auto& word : options.words) {
    if (!names_files(word)) {
      names.push_back(word);
      continue;
    }
    for (const auto& file : definition_files({word})) {
      auto input = context.read(file, options.overrides);
      names.push_back(input.definition.name);
      if (names.back().empty()) {
        context.report(input.diagnostics);
        return kUsage;
      }
    }
  }
  return destroy_named(context, options.run, names);
}

}  // namespace

void add_run_commands(Table& table) {
  table.group(Group::definitions, 1);
  auto apply = table.command("apply", "make the clusters as the definitions say", run_apply);
  auto& run = apply->run;
  apply
      .takes(files_argument(apply->files), override_options(apply->overrides), ttl_option(run),
             yes_option(run.yes), parallel_option(run), max_failures_option(run),
             event_options(run),
             option("--plan FILE", "apply exactly this saved plan, or refuse", apply->plan_file),
             flag("--atomic", "all of it, or back to what was there before", run.atomic),
             flag("--destroy", "destroy the deployments instead", apply->destroy),
             skip_check_option(run), drain_options(run), forget_option(run),
             lost_options(run.given_up),
             option("--bundle FILE", "get what is missing from this bundle, fetch nothing",
                    apply->bundle))
      .example("apply cluster.json")
      .example("apply cluster.json --plan plan.json --yes")
      .example("apply cluster.json --name-suffix 17 --ttl 2h --yes")
      .check(check_apply)
      .is_run();

  auto back =
      table.command("rollback", "make a deployment as an earlier revision said", run_rollback);
  back.takes(name_argument(back->name),
             revision_option("which; the last whole one that differs when absent", back->to),
             skip_check_option(back->run), yes_option(back->run.yes), parallel_option(back->run),
             event_options(back->run), drain_options(back->run), forget_option(back->run),
             lost_options(back->run.given_up))
      .example("rollback cluster01")
      .example("rollback cluster01 --to 3")
      .is_run();

  auto destroy = table.command("destroy", "delete deployments with all their nodes", run_destroy);
  destroy
      .takes(argument("NAME...", "deployments, or their definitions", WordKind::deployment_or_file,
                      destroy->words),
             name_suffix_option(destroy->overrides), yes_option(destroy->run.yes),
             parallel_option(destroy->run), forget_option(destroy->run),
             event_options(destroy->run))
      .example("destroy cluster01")
      .check(check_destroy)
      .is_run();
}

}  // namespace muster
