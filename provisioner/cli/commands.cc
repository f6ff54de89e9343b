// The table of commands, in the order of the help.
#include "provisioner/cli/commands.h"

#include <utility>

#include "provisioner/cli/command_table.h"
#include "provisioner/cli/rules.h"

namespace muster {

namespace {

std::string check_lost(const Options& options) {
  bool one = options.given_up.nodes.empty() || options.arguments.size() < 2;
  return one ? "" : "'--lost' is of one definition: name that one";
}

std::string check_plan(const Options& options) {
  if (options.to && options.arguments.size() > 1)
    return "'--to' is of one deployment: name that one";
  if (options.to && (!options.set.empty() || options.provider || options.name_suffix)) {
    return "'--to' is as it was: '--set', '--provider' and '--name-suffix' do not go with it";
  }
  if (options.to && !options.out_file.empty()) {
    return "'--to' is for 'muster rollback', which takes no saved plan: leave '--out' out";
  }
  if (options.json && options.dot) return "'--json' and '--dot' do not go together";
  if (options.refresh && (options.json || options.dot)) {
    return "'--refresh' shows its findings to people: leave '--json' and '--dot' out";
  }
  if (!options.out_file.empty() && options.arguments.size() > 1) {
    return "'--out' saves one plan: name one definition";
  }
  if (!options.refresh && !options.given_up.nodes.empty()) {
    return "'--lost' is for what providers are asked for: say '--refresh' too";
  }
  return check_lost(options);
}

std::string check_apply(const Options& options) {
  if (options.atomic && options.destroy) return "'--atomic' and '--destroy' do not go together";
  if (!options.bundle_file.empty() && options.destroy) {
    return "'--bundle' and '--destroy' do not go together";
  }
  if (options.ttl_ms && options.destroy) return "'--ttl' and '--destroy' do not go together";
  if (auto wrong = check_lost(options); !wrong.empty()) return wrong;
  if (options.plan_file.empty()) return "";
  if (options.destroy) return "'--plan' and '--destroy' do not go together";
  return options.arguments.size() > 1 ? "'--plan' is of one definition: name that one" : "";
}

std::string check_destroy(const Options& options) {
  if (!options.name_suffix) return "";
  for (const auto& word : options.arguments) {
    if (word != "-" && word.find_first_of("./") == std::string::npos) {
      return "'--name-suffix' is for definitions: of the deployment '" + word +
             "' say the whole name, as 'muster list' does";
    }
  }
  return "";
}

std::string check_status(const Options& options) {
  return options.watch && options.output == "json" ? "'--watch' is for people: leave '-o json' out"
                                                   : "";
}

void add_definition_commands(Table& table) {
  table.group("definitions");
  table.command("validate", "check definitions; every mistake at once")
      .argument(file_arguments())
      .option(set_option())
      .option(provider_option())
      .option(name_suffix_option())
      .example("validate cluster.json");
  table.command("plan", "show what apply would do, and why")
      .argument(file_arguments())
      .option(set_option())
      .option(provider_option())
      .option(name_suffix_option())
      .option(flag("--json", "", "the plan as JSON", &Options::json))
      .option(flag("--dot", "", "the plan as a graph for Graphviz", &Options::dot))
      .option(file_option("--out", "save the plan for 'muster apply --plan'", &Options::out_file))
      .option(flag("--detailed-exitcode", "",
                   "exit 2 when there are changes, 0 when there are none",
                   &Options::detailed_exitcode))
      .option(to_option("FILE is a deployment: what a rollback to it would do"))
      .option(flag("--refresh", "", "ask providers and nodes too, and say what has drifted",
                   &Options::refresh))
      .option(lost_option())
      .option(replace_lost_option())
      .option(skip_check_option())
      .example("plan cluster.json")
      .example("plan cluster.json --provider local --set attribs.k8s-version=v1.36.3")
      .example("plan cluster01 --to 3")
      .example("plan cluster.json --dot | dot -Tsvg > plan.svg")
      .check(check_plan);
  table.command("apply", "make the clusters as the definitions say")
      .argument(file_arguments())
      .option(set_option())
      .option(provider_option())
      .option(name_suffix_option())
      .option(ttl_option())
      .option(yes_option())
      .option(parallel_option())
      .option(max_failures_option())
      .option(events_option())
      .option(trace_option())
      .option(
          file_option("--plan", "apply exactly this saved plan, or refuse", &Options::plan_file))
      .option(flag("--atomic", "", "all of it, or back to what was there before", &Options::atomic))
      .option(flag("--destroy", "", "destroy the deployments instead", &Options::destroy))
      .option(skip_check_option())
      .option(drain_timeout_option())
      .option(force_drain_option())
      .option(forget_option())
      .option(lost_option())
      .option(replace_lost_option())
      .option(bundle_option())
      .example("apply cluster.json")
      .example("apply cluster.json --plan plan.json --yes")
      .example("apply cluster.json --name-suffix 17 --ttl 2h --yes")
      .check(check_apply);
  table.command("rollback", "make a deployment as an earlier revision said")
      .argument(name_argument(true, "a deployment"))
      .option(to_option("which; the last whole one that differs when absent"))
      .option(skip_check_option())
      .option(yes_option())
      .option(parallel_option())
      .option(events_option())
      .option(trace_option())
      .option(drain_timeout_option())
      .option(force_drain_option())
      .option(forget_option())
      .option(lost_option())
      .option(replace_lost_option())
      .example("rollback cluster01")
      .example("rollback cluster01 --to 3");
  auto names = name_argument(true, "deployments, or their definitions");
  names.kind = WordKind::deployment_or_file;
  names.many = true;
  table.command("destroy", "delete deployments with all their nodes")
      .argument(names)
      .option(name_suffix_option())
      .option(yes_option())
      .option(parallel_option())
      .option(forget_option())
      .option(events_option())
      .option(trace_option())
      .example("destroy cluster01")
      .check(check_destroy);
  table.command("schema", "the JSON Schema of definitions, for editors")
      .example("schema > muster.schema.json");
}

void add_deployment_commands(Table& table) {
  const std::string a_deployment = "a deployment";
  table.group("clusters");
  table.command("list", "all deployments").option(output_option({"json"}));
  table.command("status", "nodes and roles of a deployment")
      .argument(name_argument(false, "a deployment; all when absent"))
      .option(output_option({"wide", "json"}))
      .option(flag("--watch", "", "again whenever it changes, until Ctrl-C", &Options::watch))
      .option(interval_option())
      .example("status cluster01 -o wide")
      .check(check_status);
  ArgumentRule revision{"REVISION", "print its definition", WordKind::text, false, false, {}};
  table.command("history", "who applied what to a deployment, and when")
      .argument(name_argument(true, a_deployment))
      .argument(revision)
      .option(flag("--diff", "", "what each revision changed, or this one", &Options::diff))
      .option(output_option({"json"}))
      .example("history cluster01 --diff")
      .example("history cluster01 3 > cluster01.json");
  table.command("kubeconfig", "the administrator's kubeconfig")
      .argument(name_argument(true, a_deployment))
      .example("kubeconfig cluster01 > cluster01.kubeconfig");
  ArgumentRule remote{
      "-- COMMAND", "what to run instead of a shell", WordKind::text, false, true, {}};
  table.command("ssh", "log in to a node, or run a command there")
      .argument(name_argument(true, a_deployment))
      .argument(node_argument(false, "the first when absent"))
      .argument(remote)
      .example("ssh cluster01")
      .example("ssh cluster01 cluster01-worker-002 -- uptime");
  table.command("logs", "what the last run did, step by step")
      .argument(name_argument(true, a_deployment))
      .argument(node_argument(false, "only what was done there"))
      .option(flag("--all", "", "every run, oldest first", &Options::all))
      .option(flag("--json", "", "as events, one JSON object a line", &Options::json))
      .example("logs cluster01");
  ArgumentRule state{"STATE", "on or off", WordKind::choice, true, false, {"on", "off"}};
  table.command("power", "switch a node on or off; its disk stays")
      .argument(name_argument(true, a_deployment))
      .argument(node_argument(true, "one of its nodes"))
      .argument(state)
      .example("power cluster01 cluster01-worker-002 off");
  table.command("unlock", "take away the lock of a run that is gone for good")
      .argument(name_argument(true, a_deployment))
      .argument({"LOCK", "its id: of this lock alone", WordKind::text, false, false, {}})
      .option(yes_option())
      .example("unlock cluster01");
}

void add_other_commands(Table& table) {
  table.group("artifacts: the files that roles install");
  table.command("artifacts list", "what the catalog knows, and what is in the cache")
      .option(output_option({"json"}))
      .option(kubernetes_option())
      .option(arch_option());
  table.command("artifacts fetch", "bring everything into the cache")
      .option(kubernetes_option())
      .option(arch_option())
      .example("artifacts fetch --arch arm64");
  table.command("artifacts verify", "hold every cached file against its sha256");
  ArgumentRule artifact{"ARTIFACT", "its name", WordKind::text, true, false, {}};
  table.command("artifacts path", "where the cached file of an artifact is")
      .argument(artifact)
      .option(kubernetes_option())
      .option(arch_option())
      .example("artifacts path kubectl");
  table.group("other");
  ArgumentRule shell{"SHELL", "bash, zsh or fish",    WordKind::choice, true,
                     false,   {"bash", "zsh", "fish"}};
  table.command("completion", "a completion script for a shell")
      .argument(shell)
      .example("completion bash > /etc/bash_completion.d/muster");
  table.command("version", "muster's version, and the Kubernetes release it installs");
  table.command("versions", "the Kubernetes releases: until when supported, and with what")
      .option(output_option({"json"}))
      .example("versions");
}

/// create, list, show and delete of `noun`.
void add_record_commands(Table& table, const std::string& noun, const std::string& example) {
  const ArgumentRule json{
      "JSON", "JSON text, a file with it, or '-' for stdin", WordKind::file, true, false, {}};
  auto name = name_argument(true, "its name, or its id");
  if (noun != "deployment") name.kind = WordKind::text;
  table
      .command(noun + " create", noun == "deployment" ? "apply a definition, without asking"
                                                      : "make a " + noun + " of JSON")
      .argument(json)
      .option(output_option({"json"}))
      .example(noun + " create " + example);
  if (noun == "deployment") {
    table.option(set_option()).option(provider_option()).option(parallel_option());
    table.option(skip_check_option()).option(forget_option());
  }
  table.command(noun + " list", "all " + noun + "s").option(output_option({"json"}));
  table.command(noun + " show", "one " + noun).argument(name).option(output_option({"json"}));
  table
      .command(noun + " delete", noun == "deployment" ? "destroy it with all its nodes"
                                                      : "forget a " + noun + " that is not in use")
      .argument(name);
  if (noun == "deployment") {
    table.option(yes_option()).option(parallel_option()).option(forget_option());
  }
  if (noun == "tenant") {
    table.command("tenant update", "change the description or the quotas of a tenant")
        .argument(name)
        .argument(json)
        .option(output_option({"json"}))
        .example("tenant update blue '{\"quotas\":{\"nodes\":8}}'");
  }
}

void add_records(Table& table) {
  table.group("tenants, providers and deployments, as Digital Rebar has them");
  add_record_commands(table, "tenant", "'{\"name\":\"blue\",\"quotas\":{\"nodes\":4}}'");
  add_record_commands(table, "provider", "'{\"name\":\"lab\",\"kind\":\"local\"}'");
  add_provider_commands(table);
  add_record_commands(table, "deployment", "cluster.json -o json");
}

void add_pipeline_commands(Table& table) {
  table.group("pipelines");
  table.command("gc", "destroy the deployments whose time is over (apply --ttl)")
      .option(flag("--dry-run", "", "only say which", &Options::dry_run))
      .option(yes_option())
      .option(forget_option())
      .example("gc --yes");
}

void add_verdict_commands(Table& table) {
  table.group("what became of it");
  table.command("test", "try whether a running cluster works, with pods of its own")
      .argument(name_argument(true, "a deployment"))
      .option(file_option("--junit", "the result as JUnit XML, for CI", &Options::junit_file))
      .option(output_option({"json"}))
      .example("test cluster01")
      .example("test cluster01 --junit result.xml");
  table.command("report", "a run as an HTML page: when each node did what, what changed and failed")
      .argument(name_argument(true, "a deployment"))
      .option(run_option())
      .option(file_option("--out", "where to; NAME.html when absent, '-' is stdout",
                          &Options::out_file))
      .example("report cluster01")
      .example("report cluster01 --run 12 --out - > page.html");
}

}  // namespace

std::span<const Command> commands() {
  static const auto all = [] {
    Table table;
    add_definition_commands(table);
    add_deployment_commands(table);
    add_other_commands(table);
    add_records(table);
    add_pipeline_commands(table);
    add_verdict_commands(table);
    add_classroom_commands(table);
    add_hosts_commands(table);
    add_check_commands(table);
    add_etcd_commands(table);
    add_certificate_commands(table);
    add_import_commands(table);
    add_bundle_commands(table);
    add_bmc_commands(table);
    return table.take();
  }();
  return all;
}

std::vector<std::string> command_words(const std::string& group) {
  std::vector<std::string> words;
  for (const auto& command : commands()) {
    auto space = command.name.find(' ');
    auto first = command.name.substr(0, space);
    if (group.empty() && (words.empty() || words.back() != first)) words.push_back(first);
    if (!group.empty() && first == group && space != std::string::npos) {
      words.push_back(command.name.substr(space + 1));
    }
  }
  return words;
}

std::span<const OptionRule> common_options() {
  static const std::vector<OptionRule> all = {
      path_option("--state", "where deployments are recorded (MUSTER_STATE)", &Options::state),
      path_option("--cache", "where artifacts are kept (MUSTER_CACHE)", &Options::cache),
      roles_option(),
      flag("--verbose", "-v", "a line for each changed task as well", &Options::verbose),
      file_option("--log-file", "a log for developers", &Options::log_file)};
  return all;
}

}  // namespace muster
