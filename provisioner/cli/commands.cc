#include "provisioner/cli/commands.h"

#include <charconv>

#include "provisioner/base/text.h"
#include "provisioner/definition/attribs.h"

namespace muster {

namespace {

constexpr int kMostParallel = 1000;

auto into(std::string Options::*member) {
  return [member](Options& options, const std::string& value) {
    options.*member = value;
    return value.empty() ? "must not be empty" : "";
  };
}

auto into(std::filesystem::path Options::*member) {
  return [member](Options& options, const std::string& value) {
    options.*member = value;
    return value.empty() ? "must not be empty" : "";
  };
}

auto into(bool Options::*member) {
  return [member](Options& options, const std::string&) {
    options.*member = true;
    return "";
  };
}

std::string set_parallel(Options& options, const std::string& value) {
  int number = 0;
  auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (problem != std::errc{} || end != value.data() + value.size() || number < 1 ||
      number > kMostParallel) {
    return "must be 1 to " + std::to_string(kMostParallel) + ", not '" + value + "'";
  }
  options.parallel = number;
  return "";
}

std::string add_set(Options& options, const std::string& value) {
  if (value.find('=') == std::string::npos || value.front() == '=') {
    return "must be PATH=VALUE, e.g. attribs.k8s-version=v1.20.2, not '" + value + "'";
  }
  options.set.push_back(value);
  return "";
}

std::string set_provider(Options& options, const std::string& value) {
  options.provider = value;
  return value.empty() ? "must not be empty" : "";
}

std::string set_version(Options& options, const std::string& value) {
  options.version = value;
  if (!is_kubernetes_version(value)) {
    return "must be a release such as v1.20.2, not '" + value + "'";
  }
  auto problem = check_kubernetes_version(value);
  return problem.empty() ? "" : "does not work: " + problem;
}

std::string add_roles(Options& options, const std::string& value) {
  options.roles.emplace_back(value);
  return value.empty() ? "must not be empty" : "";
}

// Arguments that several commands have.

ArgumentRule files() {
  return {"FILE", "definitions (JSON or YAML); '-' is stdin", WordKind::file, true, true, {}};
}

ArgumentRule name() { return {"NAME", "a deployment", WordKind::deployment, true, false, {}}; }

ArgumentRule node(bool required, std::string help) {
  return {"NODE", std::move(help), WordKind::text, required, false, {}};
}

// Options that several commands have.

OptionRule set_option() {
  return {"--set",
          "",
          "PATH=VALUE",
          "replace a value; again for more: attribs.k8s-ndots=2",
          add_set,
          WordKind::text,
          {}};
}

OptionRule provider_option() {
  return {"--provider", "",
          "PROVIDER",   "take all nodes from this provider, e.g. local",
          set_provider, WordKind::choice,
          {"local"}};
}

OptionRule flag(std::string option, std::string letter, std::string help, bool Options::*member) {
  return {std::move(option), std::move(letter), "", std::move(help),
          into(member),      WordKind::text,    {}};
}

OptionRule yes() { return flag("--yes", "-y", "do not ask", &Options::yes); }

OptionRule parallel() {
  return {"--parallel", "", "N", "steps at once, 1 to 1000 (16)", set_parallel, WordKind::text, {}};
}

OptionRule events() {
  return flag("--json", "", "events on stdout, one JSON object a line", &Options::json);
}

OptionRule output(std::vector<std::string> forms) {
  return {"--output",
          "-o",
          "FORM",
          "form of the output: " + join(forms, " or "),
          into(&Options::output),
          WordKind::choice,
          forms};
}

OptionRule kubernetes() {
  return {"--kubernetes", "", "VERSION", "for this release of Kubernetes", set_version,
          WordKind::text, {}};
}

std::string check_plan(const Options& options) {
  if (options.json && options.dot) return "'--json' and '--dot' do not go together";
  if (!options.out_file.empty() && options.arguments.size() > 1) {
    return "'--out' saves one plan: name one definition";
  }
  return "";
}

std::string check_apply(const Options& options) {
  if (options.plan_file.empty()) return "";
  if (options.destroy) return "'--plan' and '--destroy' do not go together";
  return options.arguments.size() > 1 ? "'--plan' is of one definition: name that one" : "";
}

void add_definition_commands(std::vector<Command>& all) {
  const std::string group = "definitions";
  all.push_back({"validate",
                 group,
                 "check definitions; every mistake at once",
                 {files()},
                 {set_option(), provider_option()},
                 {"validate cluster.json"},
                 {}});
  all.push_back(
      {"plan",
       group,
       "show what apply would do, and why",
       {files()},
       {set_option(),
        provider_option(),
        flag("--json", "", "the plan as JSON", &Options::json),
        flag("--dot", "", "the plan as a graph for Graphviz", &Options::dot),
        {"--out",
         "",
         "FILE",
         "save the plan for 'muster apply --plan'",
         into(&Options::out_file),
         WordKind::file,
         {}},
        flag("--detailed-exitcode", "", "exit 2 when there are changes, 0 when there are none",
             &Options::detailed_exitcode)},
       {"plan cluster.json", "plan cluster.json --provider local --set attribs.k8s-version=v1.20.2",
        "plan cluster.json --dot | dot -Tsvg > plan.svg"},
       check_plan});
  all.push_back({"apply",
                 group,
                 "make the clusters as the definitions say",
                 {files()},
                 {set_option(),
                  provider_option(),
                  yes(),
                  parallel(),
                  events(),
                  {"--plan",
                   "",
                   "FILE",
                   "apply exactly this saved plan, or refuse",
                   into(&Options::plan_file),
                   WordKind::file,
                   {}},
                  flag("--destroy", "", "destroy the deployments instead", &Options::destroy)},
                 {"apply cluster.json", "apply cluster.json --plan plan.json --yes"},
                 check_apply});
  all.push_back({"destroy",
                 group,
                 "delete deployments with all their nodes",
                 {{"NAME",
                   "deployments, or their definitions",
                   WordKind::deployment_or_file,
                   true,
                   true,
                   {}}},
                 {yes(), parallel(), events()},
                 {"destroy cluster01"},
                 {}});
  all.push_back({"schema",
                 group,
                 "the JSON Schema of definitions, for editors",
                 {},
                 {},
                 {"schema > muster.schema.json"},
                 {}});
}

void add_deployment_commands(std::vector<Command>& all) {
  const std::string group = "clusters";
  all.push_back({"list", group, "all deployments", {}, {output({"json"})}, {}, {}});
  all.push_back(
      {"status",
       group,
       "nodes and roles of a deployment",
       {{"NAME", "a deployment; all when absent", WordKind::deployment, false, false, {}}},
       {output({"wide", "json"})},
       {"status cluster01 -o wide"},
       {}});
  all.push_back({"kubeconfig",
                 group,
                 "the administrator's kubeconfig",
                 {name()},
                 {},
                 {"kubeconfig cluster01 > cluster01.kubeconfig"},
                 {}});
  all.push_back(
      {"ssh",
       group,
       "log in to a node, or run a command there",
       {name(),
        node(false, "the first when absent"),
        {"-- COMMAND", "what to run instead of a shell", WordKind::text, false, true, {}}},
       {},
       {"ssh cluster01", "ssh cluster01 cluster01-worker-002 -- uptime"},
       {}});
  all.push_back({"logs",
                 group,
                 "what the last run did, step by step",
                 {name(), node(false, "only what was done there")},
                 {flag("--json", "", "as events, one JSON object a line", &Options::json)},
                 {"logs cluster01"},
                 {}});
  all.push_back({"power",
                 group,
                 "switch a node on or off; its disk stays",
                 {name(),
                  node(true, "one of its nodes"),
                  {"STATE", "on or off", WordKind::choice, true, false, {"on", "off"}}},
                 {},
                 {"power cluster01 cluster01-worker-002 off"},
                 {}});
  all.push_back({"unlock",
                 group,
                 "take away the lock of a run that is gone for good",
                 {name()},
                 {yes()},
                 {"unlock cluster01"},
                 {}});
}

void add_other_commands(std::vector<Command>& all) {
  const std::string group = "artifacts: the files that roles install";
  all.push_back({"artifacts list",
                 group,
                 "what the catalog knows, and what is in the cache",
                 {},
                 {output({"json"}), kubernetes()},
                 {},
                 {}});
  all.push_back(
      {"artifacts fetch", group, "bring everything into the cache", {}, {kubernetes()}, {}, {}});
  all.push_back(
      {"artifacts verify", group, "hold every cached file against its sha256", {}, {}, {}, {}});
  all.push_back({"artifacts path",
                 group,
                 "where the cached file of an artifact is",
                 {{"ARTIFACT", "its name", WordKind::text, true, false, {}}},
                 {kubernetes()},
                 {"artifacts path kubectl"},
                 {}});
  all.push_back(
      {"completion",
       "other",
       "a completion script for a shell",
       {{"SHELL", "bash, zsh or fish", WordKind::choice, true, false, {"bash", "zsh", "fish"}}},
       {},
       {"completion bash > /etc/bash_completion.d/muster"},
       {}});
  all.push_back({"version",
                 "other",
                 "muster's version, and the Kubernetes releases it installs",
                 {},
                 {},
                 {},
                 {}});
}

}  // namespace

std::span<const Command> commands() {
  static const auto all = [] {
    std::vector<Command> made;
    add_definition_commands(made);
    add_deployment_commands(made);
    add_other_commands(made);
    return made;
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
      {"--state",
       "",
       "DIR",
       "where deployments are recorded (MUSTER_STATE)",
       into(&Options::state),
       WordKind::directory,
       {}},
      {"--cache",
       "",
       "DIR",
       "where artifacts are kept (MUSTER_CACHE)",
       into(&Options::cache),
       WordKind::directory,
       {}},
      {"--roles",
       "",
       "DIR",
       "roles/ and templates/ of yours; again for more",
       add_roles,
       WordKind::directory,
       {}},
      flag("--verbose", "-v", "a line for each changed task as well", &Options::verbose),
      {"--log-file",
       "",
       "FILE",
       "a log for developers",
       into(&Options::log_file),
       WordKind::file,
       {}}};
  return all;
}

}  // namespace muster
