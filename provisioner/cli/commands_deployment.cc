// deployment create, list, show, delete: apply, list, status and destroy by the names that Digital
// Rebar's users know.
#include <ostream>

#include "provisioner/cli/deployments.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/cli/find_record.h"
#include "provisioner/cli/jobs.h"
#include "provisioner/cli/json_argument.h"

namespace muster {

namespace {

struct DeploymentOptions {
  std::string word;  ///< JSON, a name or an id
  View view;
  Overrides overrides;
  RunArguments run;
};

int run_deployment_create(Context& context, const DeploymentOptions& options) {
  const auto& word = options.word;
  auto input = is_json_text(word)
                   ? parse_definition(kJsonWord, word, options.overrides, context.rules())
                   : context.read(word, options.overrides);
  const auto name = input.definition.name;
  if (!context.report(input.diagnostics)) {
    context.talk() << "muster: nothing was changed\n";
    return kUsage;
  }
  auto run = options.run;
  run.yes = true;
  const auto file = is_json_text(word) ? std::string("JSON") : word;
  int code =
      run_jobs(context, run, {{name, &input, again("deployment create", file, options.overrides)}});
  if (options.view.output == "json" && context.store().deployment(name)) {
    show_deployment(context, name, options.view);
  }
  return code;
}

int run_deployment_show(Context& context, const DeploymentOptions& options) {
  const auto known = context.store().deployments();
  const auto& found = need_record(known, options.word, "deployment");
  return show_deployment(context, found.name, options.view);
}

int run_deployment_delete(Context& context, const DeploymentOptions& options) {
  const auto known = context.store().deployments();
  const auto* found = find_record(known, options.word);
  return destroy_named(context, options.run, {found != nullptr ? found->name : options.word});
}

}  // namespace

void add_deployment_commands(Table& table) {
  table.group(Group::records, 3);
  auto create = table.command("deployment create", "apply a definition, without asking",
                              run_deployment_create);
  create
      .takes(json_argument(create->word), output_option({"json"}, create->view.output),
             set_option(create->overrides), provider_option(create->overrides),
             parallel_option(create->run), skip_check_option(create->run),
             forget_option(create->run))
      .example("deployment create cluster.json -o json")
      .is_run();
  auto list = table.command("deployment list", "all deployments", show_deployments);
  list->ids = true;
  list.takes(output_option({"json"}, list->output));
  auto show = table.command("deployment show", "one deployment", run_deployment_show);
  show.takes(name_argument(show->word, "its name, or its id"),
             output_option({"json"}, show->view.output));
  auto remove =
      table.command("deployment delete", "destroy it with all its nodes", run_deployment_delete);
  remove
      .takes(name_argument(remove->word, "its name, or its id"), yes_option(remove->run.yes),
             parallel_option(remove->run), forget_option(remove->run))
      .is_run();
}

}  // namespace muster
