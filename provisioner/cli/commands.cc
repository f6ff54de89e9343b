// The table of commands, in the order of the help.
#include "provisioner/cli/commands.h"

#include <utility>

#include "provisioner/cli/rules.h"

namespace muster {

namespace {

/// Collects commands; what is said of one follows its command().
class Table {
 public:
  Table& group(std::string name) {
    group_ = std::move(name);
    return *this;
  }
  Table& command(std::string name, std::string help) {
    commands_.push_back({std::move(name), group_, std::move(help), {}, {}, {}, {}});
    return *this;
  }
  Table& argument(ArgumentRule rule) {
    commands_.back().arguments.push_back(std::move(rule));
    return *this;
  }
  Table& option(OptionRule rule) {
    commands_.back().options.push_back(std::move(rule));
    return *this;
  }
  Table& example(std::string text) {
    commands_.back().examples.push_back(std::move(text));
    return *this;
  }
  Table& check(std::function<std::string(const Options&)> check) {
    commands_.back().check = std::move(check);
    return *this;
  }
  std::vector<Command> take() { return std::move(commands_); }

 private:
  std::string group_;
  std::vector<Command> commands_;
};

std::string check_plan(const Options& options) {
  if (options.to && options.arguments.size() > 1)
    return "'--to' is of one deployment: name that one";
  if (options.to && (!options.set.empty() || options.provider)) {
    return "'--to' is as it was: '--set' and '--provider' do not go with it";
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
  return "";
}

std::string check_apply(const Options& options) {
  if (options.atomic && options.destroy) return "'--atomic' and '--destroy' do not go together";
  if (options.plan_file.empty()) return "";
  if (options.destroy) return "'--plan' and '--destroy' do not go together";
  return options.arguments.size() > 1 ? "'--plan' is of one definition: name that one" : "";
}

void add_definition_commands(Table& table) {
  table.group("definitions");
  table.command("validate", "check definitions; every mistake at once")
      .argument(file_arguments())
      .option(set_option())
      .option(provider_option())
      .example("validate cluster.json");
  table.command("plan", "show what apply would do, and why")
      .argument(file_arguments())
      .option(set_option())
      .option(provider_option())
      .option(flag("--json", "", "the plan as JSON", &Options::json))
      .option(flag("--dot", "", "the plan as a graph for Graphviz", &Options::dot))
      .option(file_option("--out", "save the plan for 'muster apply --plan'", &Options::out_file))
      .option(flag("--detailed-exitcode", "",
                   "exit 2 when there are changes, 0 when there are none",
                   &Options::detailed_exitcode))
      .option(to_option("FILE is a deployment: what a rollback to it would do"))
      .option(flag("--refresh", "", "ask providers and nodes too, and say what has drifted",
                   &Options::refresh))
      .example("plan cluster.json")
      .example("plan cluster.json --provider local --set attribs.k8s-version=v1.20.2")
      .example("plan cluster01 --to 3")
      .example("plan cluster.json --dot | dot -Tsvg > plan.svg")
      .check(check_plan);
  table.command("apply", "make the clusters as the definitions say")
      .argument(file_arguments())
      .option(set_option())
      .option(provider_option())
      .option(yes_option())
      .option(parallel_option())
      .option(max_failures_option())
      .option(events_option())
      .option(
          file_option("--plan", "apply exactly this saved plan, or refuse", &Options::plan_file))
      .option(flag("--atomic", "", "all of it, or back to what was there before", &Options::atomic))
      .option(flag("--destroy", "", "destroy the deployments instead", &Options::destroy))
      .example("apply cluster.json")
      .example("apply cluster.json --plan plan.json --yes")
      .check(check_apply);
  table.command("rollback", "make a deployment as an earlier revision said")
      .argument(name_argument(true, "a deployment"))
      .option(to_option("which; the last whole one that differs when absent"))
      .option(yes_option())
      .option(parallel_option())
      .option(events_option())
      .example("rollback cluster01")
      .example("rollback cluster01 --to 3");
  auto names = name_argument(true, "deployments, or their definitions");
  names.kind = WordKind::deployment_or_file;
  names.many = true;
  table.command("destroy", "delete deployments with all their nodes")
      .argument(names)
      .option(yes_option())
      .option(parallel_option())
      .option(events_option())
      .example("destroy cluster01");
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
      .example("status cluster01 -o wide");
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
      .option(yes_option())
      .example("unlock cluster01");
}

void add_other_commands(Table& table) {
  table.group("artifacts: the files that roles install");
  table.command("artifacts list", "what the catalog knows, and what is in the cache")
      .option(output_option({"json"}))
      .option(kubernetes_option());
  table.command("artifacts fetch", "bring everything into the cache").option(kubernetes_option());
  table.command("artifacts verify", "hold every cached file against its sha256");
  ArgumentRule artifact{"ARTIFACT", "its name", WordKind::text, true, false, {}};
  table.command("artifacts path", "where the cached file of an artifact is")
      .argument(artifact)
      .option(kubernetes_option())
      .example("artifacts path kubectl");
  table.group("other");
  ArgumentRule shell{"SHELL", "bash, zsh or fish",    WordKind::choice, true,
                     false,   {"bash", "zsh", "fish"}};
  table.command("completion", "a completion script for a shell")
      .argument(shell)
      .example("completion bash > /etc/bash_completion.d/muster");
  table.command("version", "muster's version, and the Kubernetes releases it installs");
}

}  // namespace

std::span<const Command> commands() {
  static const auto all = [] {
    Table table;
    add_definition_commands(table);
    add_deployment_commands(table);
    add_other_commands(table);
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
