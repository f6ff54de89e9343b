// help, completion, version, versions: what muster says of itself.
#include <nlohmann/json.hpp>
#include <ostream>

#include "provisioner/cli/context.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/cli/release_text.h"
#include "provisioner/releases/releases.h"

namespace muster {

namespace {

struct HelpOptions {
  std::vector<std::string> command;
  bool man = false;
};

std::string check_help(const HelpOptions& options) {
  return options.command.empty() ? "" : "'--man' is of all commands: name none";
}

/// "help COMMAND" is "COMMAND --help" to the parser, so that both say the same.
int run_help(Context& context, const HelpOptions& options) {
  const auto table = all_commands();
  context.out() << (options.man ? man_page(table) : help_text(table));
  return kDone;
}

struct ShellOptions {
  std::string shell;
};

int run_completion(Context& context, const ShellOptions& options) {
  context.out() << completion_script(all_commands(), options.shell);
  return kDone;
}

int run_version(Context& context, const NoOptions&) {
  context.out() << "muster " << MUSTER_VERSION << "\nKubernetes "
                << known_releases().default_version.text() << "; others: muster versions\n";
  return kDone;
}

struct VersionsOptions {
  std::string output;
};

int run_versions(Context& context, const VersionsOptions& options) {
  if (options.output == "json") {
    context.out() << versions_json(context.today()).dump(2) << "\n";
  } else {
    context.out() << versions_table(context.today());
  }
  return kDone;
}

}  // namespace

void add_help_commands(Table& table) {
  table.group(Group::other);
  auto help = table.command("help", "how to use muster, or one command", run_help);
  help.takes(argument("[COMMAND...]", "all when absent", WordKind::text, help->command),
             flag("--man", "all of it as a page for man(1)", help->man))
      .example("help plan")
      .example("help --man > /usr/local/share/man/man1/muster.1")
      .check(check_help);
  auto completion = table.command("completion", "a completion script for a shell", run_completion);
  completion
      .takes(
          choice_argument("SHELL", "bash, zsh or fish", {"bash", "zsh", "fish"}, completion->shell))
      .example("completion bash > /etc/bash_completion.d/muster");
  table.command("version", "muster's version, and the Kubernetes release it installs", run_version);
  auto versions = table.command(
      "versions", "the Kubernetes releases: until when supported, and with what", run_versions);
  versions.takes(output_option({"json"}, versions->output)).example("versions");
}

}  // namespace muster
