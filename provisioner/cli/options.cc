#include "provisioner/cli/options.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>
#include <sstream>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/text.h"

namespace muster {

namespace {

void add_files(CLI::App* command, Options& options) {
  command->add_option("FILE", options.arguments, "definitions (JSON or YAML); \"-\" is stdin")
      ->required();
}

void add_overrides(CLI::App* command, Options& options) {
  command->add_option("--set", options.set, "override a value: attribs.k8s-version=v1.20.2")
      ->take_all()
      ->allow_extra_args(false);
  command->add_option("--provider", options.provider, "use this provider for every node");
}

void add_run(CLI::App* command, Options& options) {
  command->add_flag("--yes,-y", options.yes, "do not ask before changing anything");
  command->add_option("--parallel", options.parallel, "steps at once")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_flag("--json", options.json, "events on stdout, one JSON object a line");
}

void add_output(CLI::App* command, Options& options, const std::vector<std::string>& forms) {
  command->add_option("-o,--output", options.output, "form of the output")
      ->check(CLI::IsMember(forms));
}

void add_name(CLI::App* command, Options& options, int at_least, int at_most,
              const std::string& what) {
  command->add_option("NAME", options.arguments, what)->expected(at_least, at_most);
  if (at_least > 0) command->get_option("NAME")->required();
}

void add_definition_commands(CLI::App& app, Options& options) {
  auto* validate = app.add_subcommand("validate", "check definitions; every mistake at once");
  add_files(validate, options);
  add_overrides(validate, options);

  auto* plan = app.add_subcommand("plan", "show what apply would do, and why");
  add_files(plan, options);
  add_overrides(plan, options);
  plan->add_flag("--json", options.json, "the plan as JSON");
  plan->add_flag("--dot", options.dot, "the plan as a Graphviz graph")->excludes("--json");
  plan->add_option("--out", options.out_file, "save the plan for apply --plan");
  plan->add_flag("--detailed-exitcode", options.detailed_exitcode,
                 "exit 0 when there is nothing to do, 2 when there are changes");

  auto* apply = app.add_subcommand("apply", "make the clusters as the definitions say");
  add_files(apply, options);
  add_overrides(apply, options);
  add_run(apply, options);
  apply->add_option("--plan", options.plan_file, "apply exactly this saved plan, or refuse");
  apply->add_flag("--destroy", options.destroy, "destroy the deployments instead");

  auto* destroy = app.add_subcommand("destroy", "delete deployments with all their nodes");
  destroy->add_option("NAME", options.arguments, "deployments, or their definitions")->required();
  add_run(destroy, options);
}

void add_deployment_commands(CLI::App& app, Options& options) {
  auto* list = app.add_subcommand("list", "the deployments");
  add_output(list, options, {"json"});

  auto* status = app.add_subcommand("status", "nodes and roles of a deployment, or of all");
  add_name(status, options, 0, 1, "a deployment");
  add_output(status, options, {"wide", "json"});

  auto* kubeconfig = app.add_subcommand("kubeconfig", "the administrator's kubeconfig");
  add_name(kubeconfig, options, 1, 1, "a deployment");

  auto* ssh = app.add_subcommand("ssh", "log in to a node, or run a command there");
  add_name(ssh, options, 1, 2, "a deployment, and a node (default: the first)");
  ssh->footer("A command for the node follows \"--\":  muster ssh c1 c1-worker-001 -- uptime");

  auto* logs = app.add_subcommand("logs", "what the last run did, step by step");
  add_name(logs, options, 1, 2, "a deployment, and a node");
  logs->add_flag("--json", options.json, "events, one JSON object a line");

  auto* power = app.add_subcommand("power", "switch a node on or off, keeping its disk");
  add_name(power, options, 3, 3, "a deployment, a node, and on or off");

  auto* unlock = app.add_subcommand("unlock", "take away the lock of a run that is gone for good");
  add_name(unlock, options, 1, 1, "a deployment");
  unlock->add_flag("--yes,-y", options.yes, "do not ask");
}

void add_other_commands(CLI::App& app, Options& options) {
  auto* artifacts = app.add_subcommand("artifacts", "the files that roles install");
  artifacts->require_subcommand(1);
  for (auto [name, help] : {std::pair{"list", "what the catalog knows, and what is in the cache"},
                            std::pair{"fetch", "bring everything into the cache"},
                            std::pair{"verify", "check every cached file's sha256"}}) {
    auto* command = artifacts->add_subcommand(name, help);
    command->add_option("--kubernetes", options.version, "the Kubernetes version");
    if (std::string(name) == "list") add_output(command, options, {"json"});
  }
  auto* path = artifacts->add_subcommand("path", "where the cached file of an artifact is");
  path->add_option("ARTIFACT", options.arguments, "its name, e.g. kubectl")->required();
  path->add_option("--kubernetes", options.version, "the Kubernetes version");

  app.add_subcommand("schema", "the JSON Schema of definitions");
  app.add_subcommand("version", "muster's version and the Kubernetes versions it installs");
  auto* completion = app.add_subcommand("completion", "a completion script");
  completion->add_option("SHELL", options.arguments, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

std::unique_ptr<CLI::App> build_app(Options& options) {
  auto app = std::make_unique<CLI::App>("Kubernetes clusters from a JSON file", "muster");
  app->require_subcommand(1);
  app->fallthrough();
  app->add_option("--state", options.state, "state directory")->envname("MUSTER_STATE");
  app->add_option("--cache", options.cache, "cache directory")->envname("MUSTER_CACHE");
  app->add_option("--roles", options.roles, "a directory with roles/ and templates/ of yours")
      ->take_all()
      ->allow_extra_args(false);
  app->add_option("--log-file", options.log_file, "a log for developers");
  app->add_flag("-v,--verbose", options.verbose, "a line for each changed task as well");
  add_definition_commands(*app, options);
  add_deployment_commands(*app, options);
  add_other_commands(*app, options);
  return app;
}

/// "artifacts list": the chain of chosen subcommands.
std::string chosen(const CLI::App& app) {
  std::string name;
  for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    name += (name.empty() ? "" : " ") + at->get_name();
  }
  return name;
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

}  // namespace

std::optional<Usage> parse_options(int argc, const char* const* argv, Options& options) {
  options.state = default_state_directory();
  options.cache = default_cache_directory();
  std::vector<std::string> words(argv + 1, argv + argc);
  options.command_line = "muster " + join(words, " ");
  // What follows "--" is the remote command's, not ours to look into.
  if (auto dashes = std::find(words.begin(), words.end(), "--");
      !words.empty() && words.front() == "ssh" && dashes != words.end()) {
    options.remote.assign(dashes + 1, words.end());
    words.erase(dashes, words.end());
  }
  auto app = build_app(options);
  if (words.empty()) return Usage{app->help(), static_cast<int>(ExitCode::usage)};
  std::reverse(words.begin(), words.end());
  try {
    app->parse(words);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream err;
    int code = app->exit(error, out, err);
    if (code == 0) return Usage{out.str(), 0};
    std::string text = "muster: " + trim(err.str()) + "\n";
    if (!words.empty()) {
      if (auto near = nearest(words.back(), command_names(*app));
          near && *near != words.back() && words.back().rfind('-', 0) != 0) {
        text += "  did you mean '" + *near + "'?\n";
      }
    }
    return Usage{text, static_cast<int>(ExitCode::usage)};
  }
  options.command = chosen(*app);
  return std::nullopt;
}

std::string completion_script(const std::string& shell) {
  Options unused;
  auto app = build_app(unused);
  const auto commands = join(command_names(*app), " ");
  if (shell == "fish") {
    std::string out;
    for (const auto* command : app->get_subcommands([](const CLI::App*) { return true; })) {
      const auto& name = command->get_name();
      out += "complete -c muster -n __fish_use_subcommand -f -a " + name + " -d " +
             shell_quote(command->get_description()) + "\n";
      for (const auto& option : option_names(*command)) {
        out += "complete -c muster -n '__fish_seen_subcommand_from " + name + "' -l " +
               option.substr(2) + "\n";
      }
    }
    return out;
  }
  std::string cases;
  for (const auto* command : app->get_subcommands([](const CLI::App*) { return true; })) {
    auto names = option_names(*command);
    for (const auto& sub : command_names(*command)) names.push_back(sub);
    cases += "    " + command->get_name() + ") words=" + shell_quote(join(names, " ")) + " ;;\n";
  }
  std::string function =
      "_muster() {\n"
      "  local words= current=${COMP_WORDS[COMP_CWORD]}\n"
      "  case ${COMP_WORDS[1]} in\n" +
      cases +
      "  esac\n"
      "  [ \"$COMP_CWORD\" -gt 1 ] || words=" +
      shell_quote(commands) +
      "\n"
      "  COMPREPLY=( $(compgen -W \"$words\" -- \"$current\") )\n"
      "  [ \"$COMP_CWORD\" -lt 2 ] || COMPREPLY+=( $(compgen -f -- \"$current\") )\n"
      "}\n"
      "complete -F _muster muster\n";
  if (shell == "zsh") return "autoload -U +X bashcompinit && bashcompinit\n" + function;
  return function;
}

}  // namespace muster
