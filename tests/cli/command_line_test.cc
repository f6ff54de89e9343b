#include "provisioner/cli/command_line.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <sstream>
#include <utility>

#include "provisioner/cli/context.h"
#include "tests/support/said.h"

using namespace muster;

namespace {

using Words = std::vector<std::string>;

struct TrialOptions {
  Words files;
  Words remote;
  Overrides overrides;
  RunArguments run;
  std::string out_file;
  std::string output;
};

int run_trial(Context& context, const TrialOptions& options) {
  context.out() << options.files.size() << " files\n";
  return 0;
}

/// A command that only this file knows: what a command line fills is seen in `options`. All of
/// help, completion and man page is made of what is said here.
class Trial {
 public:
  Trial() {
    Table table;
    table.group(Group::definitions);
    auto trial = table.command("trial", "try what there is", run_trial);
    auto& o = *trial;
    trial
        .takes(files_argument(o.files), override_options(o.overrides), yes_option(o.run.yes),
               parallel_option(o.run), max_failures_option(o.run), event_options(o.run),
               ttl_option(o.run), drain_options(o.run), forget_option(o.run),
               lost_options(o.run.given_up), option("--out FILE", "where to", o.out_file),
               output_option({"wide", "json"}, o.output))
        .example("trial a.json");
    auto shell = table.command("shell list", "what follows is not ours", run_trial);
    shell.takes(argument("[-- COMMAND...]", "to run", WordKind::text, shell->remote)).is_run();
    options = &o;
    remote = &shell->remote;
    commands = make_table(std::move(table));
  }

  CommandTable commands;
  const TrialOptions* options;
  const Words* remote;
};

TrialOptions filled(Words words) {
  Trial trial;
  words.insert(words.begin(), "trial");
  parse_command_line(trial.commands, std::move(words));
  return *trial.options;
}

Invocation good(const Words& words) { return parse_command_line(all_commands(), words); }

/// What a wrong command line gets.
std::string wrong(const Words& words) {
  std::ostringstream out;
  std::ostringstream talk;
  CHECK(run_muster(words, out, talk, {}, [] {}) == 2);
  CHECK(out.str() == "");
  return talk.str();
}

/// What is printed.
std::string printed(const Words& words) {
  std::ostringstream out;
  std::ostringstream talk;
  CHECK(run_muster(words, out, talk, {}, [] {}) == 0);
  CHECK(talk.str() == "");
  return out.str();
}

}  // namespace

TEST_CASE("command line: a command's arguments and its options come in any order") {
  for (const auto& words :
       std::vector<Words>{{"a.json", "b.json", "--json", "--set", "a=1", "--set=b=2"},
                          {"--json", "--set", "a=1", "a.json", "--set", "b=2", "b.json"},
                          {"--set", "a=1", "--set", "b=2", "--json", "--", "a.json", "b.json"}}) {
    auto options = filled(words);
    CHECK(options.files == Words{"a.json", "b.json"});
    CHECK(options.overrides.set == Words{"a=1", "b=2"});
    CHECK(options.run.json);
  }
}

TEST_CASE("command line: options of every command stand before or behind it") {
  CHECK(good({"--state", "/x", "list"}).common.state == "/x");
  CHECK(good({"list", "--state=/x"}).common.state == "/x");
  CHECK(good({"artifacts", "--state", "/x", "list"}).common.state == "/x");
  CHECK(good({"validate", "--roles", "a", "f", "--roles", "b"}).common.roles ==
        std::vector<std::filesystem::path>{"a", "b"});
}

TEST_CASE("command line: runs are traced, and nothing else is") {
  CHECK(filled({"a.json", "--trace", "t.json"}).run.trace_file == "t.json");
  for (const auto& words : std::vector<Words>{{"apply", "a.json", "--trace", "t.json"},
                                              {"rollback", "demo", "--trace=t.json"},
                                              {"destroy", "demo", "--trace", "t.json"}}) {
    CHECK(good(words).stoppable);
  }
  CHECK(wrong({"plan", "a.json", "--trace", "t.json"})
            .starts_with("muster: 'muster plan' has no option '--trace'\n"));
  CHECK(wrong({"apply", "a.json", "--trace"}) ==
        "muster: '--trace' needs a value: --trace FILE\n  see: muster apply --help\n");
}

TEST_CASE("command line: letters take values and go together") {
  CHECK(filled({"f", "-o", "json"}).output == "json");
  CHECK(filled({"f", "-ojson"}).output == "json");
  Trial trial;
  auto both = parse_command_line(trial.commands, {"trial", "-vy", "f"});
  CHECK(both.common.verbose);
  CHECK(trial.options->run.yes);
}

TEST_CASE("command line: what is not given has its default") {
  auto options = filled({"f"});
  CHECK(options.run.parallel == 1000);
  CHECK_FALSE(options.run.yes);
  CHECK_FALSE(options.overrides.provider);
  CHECK(options.run.max_failures == 0);
  CHECK(filled({"f", "--parallel", "10000"}).run.parallel == 10000);
  CHECK(filled({"f", "--max-failures=3"}).run.max_failures == 3);
}

TEST_CASE("command line: the last of a repeated option counts") {
  CHECK(filled({"f", "--parallel", "2", "--parallel", "3"}).run.parallel == 3);
}

TEST_CASE("command line: each command line has options of its own") {
  CHECK(filled({"a"}).files == Words{"a"});
  CHECK(filled({"b"}).files == Words{"b"});
}

TEST_CASE("command line: a minus alone is stdin, and what follows two is no option") {
  CHECK(filled({"-"}).files == Words{"-"});
  CHECK(filled({"--", "--json"}).files == Words{"--json"});
  CHECK(filled({"a.json", "--", "--json", "b.json"}).files == Words{"a.json", "--json", "b.json"});
}

TEST_CASE("command line: a file or a deployment may have the name of a command") {
  CHECK(filled({"trial", "shell"}).files == Words{"trial", "shell"});
  CHECK(good({"destroy", "list", "artifacts"}).name == "destroy");
  CHECK(good({"artifacts", "path", "fetch"}).name == "artifacts path");
}

TEST_CASE("command line: an empty value does not take the next word") {
  CHECK(wrong({"plan", "f", "--out=", "g"}) ==
        "muster: '--out' must not be empty\n  see: muster plan --help\n");
}

TEST_CASE("command line: what follows two minuses is the node's own") {
  Trial trial;
  parse_command_line(trial.commands, {"shell", "list", "--", "ls", "--", "-l"});
  CHECK(*trial.remote == Words{"ls", "--", "-l"});
  CHECK(good({"ssh", "c1", "c1-worker-001", "--", "ls", "--", "-l"}).name == "ssh");
  CHECK(wrong({"ssh", "c1", "--"}) ==
        "muster: nothing follows '--'\n  usage: muster ssh NAME [NODE] [-- COMMAND...]\n");
}

TEST_CASE("command line: the directories come from the environment, and an option wins") {
  ::setenv("MUSTER_STATE", "/from/state", 1);
  ::setenv("MUSTER_CACHE", "/from/cache", 1);
  CHECK(good({"list"}).common.state == "/from/state");
  CHECK(good({"list"}).common.cache == "/from/cache");
  CHECK(good({"list", "--state", "/x"}).common.state == "/x");
  ::setenv("MUSTER_STATE", "", 1);
  CHECK(good({"list"}).common.state.filename() == "muster");
  ::unsetenv("MUSTER_STATE");
  ::unsetenv("MUSTER_CACHE");
}

TEST_CASE("command line: a Ctrl-C asks runs to stop, and ends the others") {
  for (const auto& words : std::vector<Words>{{"apply", "f"},
                                              {"bmc", "on", "m1"},
                                              {"certs", "renew", "c"},
                                              {"status", "--watch"},
                                              {"test", "c"}}) {
    CHECK(good(words).stoppable);
  }
  for (const auto& words :
       std::vector<Words>{{"plan", "f"}, {"status"}, {"ssh", "c"}, {"check", "f"}}) {
    CHECK_FALSE(good(words).stoppable);
  }
  CHECK(good({"check", "f"}).many_files);
}

TEST_CASE("command line: as it is recorded it can be typed again and holds no secret") {
  auto recorded_of = [](const Words& words) { return good(words).command_line; };
  CHECK(recorded_of({"apply", "my file.json", "--set", "nodes.0.count=3"}) ==
        "muster apply 'my file.json' --set nodes.0.count=3");
  CHECK(recorded_of({"apply", "f", "--set", "attribs.k8s-kube_api_pwd=hunter2"}) ==
        "muster apply f --set attribs.k8s-kube_api_pwd=...");
  CHECK(recorded_of({"apply", "f", "--set=attribs.k8s-kube_users.kube.pass=hunter2"}) ==
        "muster apply f --set=attribs.k8s-kube_users.kube.pass=...");
  for (std::string hints :
       {"provider.hints.token=hunter2", "nodes.0.hints.user=a=b", "provider={\"hints\": {}}"}) {
    auto shown = hints.substr(0, hints.find('=')) + "=...";
    CHECK(recorded_of({"apply", "f", "--set", hints}) == "muster apply f --set " + shown);
    CHECK(recorded_of({"apply", "f", "--set=" + hints}) == "muster apply f --set=" + shown);
  }
  CHECK(recorded_of({"provider", "test", "lab", "--hints={\"a\": 1}"}) ==
        "muster provider test lab --hints=...");
  CHECK(recorded_of({"destroy", "a;b", "--yes"}) == "muster destroy 'a;b' --yes");
}

TEST_CASE("command line: help is no mistake, nothing at all is one") {
  const auto all = help_text(all_commands());
  for (const auto& words : std::vector<Words>{
           {"--help"}, {"-h"}, {"help"}, {"--help", "plan"}, {"artifacts", "--help"}}) {
    CHECK(printed(words) == all);
  }
  CHECK(wrong({}) == all);
  for (const auto& words :
       std::vector<Words>{{"plan", "--help"}, {"plan", "x", "-h"}, {"help", "plan"}}) {
    CHECK(printed(words).starts_with(
        "show what apply would do, and why\n\nusage: muster plan FILE... [options]\n"));
  }
  CHECK(wrong({"help", "aply"}) == "muster: there is no command 'aply'\n  did you mean 'apply'?\n");
  CHECK(good({"--version"}).name == "version");
}

TEST_CASE(
    "command line: a command that one file declares is run, and has help, completion and a page") {
  Trial trial;
  const auto& command = trial.commands.commands.front();
  CHECK(
      help_text(trial.commands, command)
          .starts_with("try what there is\n\nusage: muster trial FILE... [options]\n\narguments:\n"
                       "  FILE  definitions (JSON or YAML); '-' is stdin\n"));
  CHECK(has(help_text(trial.commands), "\ndefinitions:\n  trial       try what there is\n"));
  CHECK(has(completion_script(trial.commands, "bash"), "'trial --output') words='wide json' ;;"));
  CHECK(has(completion_script(trial.commands, "fish"), "-f -a trial -d 'try what there is'\n"));
  auto page = man_page(trial.commands);
  CHECK(has(page, ".SS \"muster trial FILE... [options]\"\ntry what there is\n"));
  CHECK(has(page, ".TP\n\\fB\\-o, \\-\\-output FORM\\fR\n"));
  std::ostringstream out;
  auto invocation = parse_command_line(trial.commands, {"trial", "a", "b"});
  Context context(invocation, out, out, {});
  CHECK(invocation.run(context) == 0);
  CHECK(out.str() == "2 files\n");
}

TEST_CASE("command line: every command has a help of at most 80 columns, with all its options") {
  const auto table = all_commands();
  for (const auto& command : table.commands) {
    auto text = help_text(table, command);
    CAPTURE(command.name);
    for (const auto& option : command.options) {
      CHECK(text.find(option.name) != std::string::npos);
      CHECK_FALSE(option.help.empty());
    }
    for (std::size_t from = 0; from < text.size();) {
      auto end = text.find('\n', from);
      CHECK_MESSAGE(end - from <= 80, text.substr(from, end - from));
      from = end + 1;
    }
    CHECK(help_text(table).find("  " + command.name + " ") != std::string::npos);
  }
}

TEST_CASE("command line: the examples in the help are right") {
  for (const auto& command : all_commands().commands) {
    for (const auto& example : command.examples) {
      std::vector<std::string> words;
      std::string word;
      for (char c : example.substr(0, example.find_first_of("|>")) + " ") {
        if (c != ' ') {
          word += c;
        } else if (!word.empty()) {
          words.push_back(std::exchange(word, ""));
        }
      }
      CHECK(good(words).name == command.name);
    }
  }
}

TEST_CASE("command line: mistakes are named, with what to do") {
  struct Row {
    std::vector<std::string> words;
    std::string text;
  };
  const std::string see_plan = "  see: muster plan --help\n";
  for (const auto& [words, text] : std::vector<Row>{
           {{"aply"}, "there is no command 'aply'\n  did you mean 'apply'?\n"},
           {{"frobnicate"},
            "there is no command 'frobnicate'\n  see all commands: muster --help\n"},
           {{"artifacts"},
            "'muster artifacts' needs one of: list, fetch, verify, path\n"
            "  see all commands: muster --help\n"},
           {{"artifacts", "lst"}, "there is no command 'artifacts lst'\n  did you mean 'list'?\n"},
           {{"artifacts", "burn"},
            "there is no command 'artifacts burn'\n  there are: list, fetch, verify, path\n"},
           {{"plan"}, "'muster plan' needs FILE...\n  usage: muster plan FILE... [options]\n"},
           {{"plan", ""}, "FILE must not be empty\n  usage: muster plan FILE... [options]\n"},
           {{"plan", "f", "--jsno"},
            "'muster plan' has no option '--jsno'\n  did you mean '--json'?\n"},
           {{"plan", "f", "--yes"}, "'muster plan' has no option '--yes'\n" + see_plan},
           {{"plan", "f", "-x"}, "'muster plan' has no option '-x'\n" + see_plan},
           {{"plan", "f", "--frobnicate=1"},
            "'muster plan' has no option '--frobnicate'\n" + see_plan},
           {{"--json", "plan", "f"},
            "'--json' belongs behind a command\n  see all commands: muster --help\n"},
           {{"plan", "f", "--json", "--dot"},
            "'--json' and '--dot' do not go together\n" + see_plan},
           {{"plan", "f", "g", "--out", "p"},
            "'--out' saves one plan: name one definition\n" + see_plan},
           {{"plan", "f", "--out"}, "'--out' needs a value: --out FILE\n" + see_plan},
           {{"plan", "f", "--out", "--json"}, "'--out' needs a value: --out FILE\n" + see_plan},
           {{"plan", "f", "--out="}, "'--out' must not be empty\n" + see_plan},
           {{"plan", "f", "--json=yes"}, "'--json' takes no value\n" + see_plan},
           {{"plan", "f", "--set", "x"},
            "'--set' must be PATH=VALUE, e.g. attribs.k8s-version=v1.37.2, not 'x'\n" + see_plan},
           {{"apply", "f", "--parallel", "0"},
            "'--parallel' must be 1 to 10000, not '0'\n  see: muster apply --help\n"},
           {{"apply", "f", "--parallel", "9x"},
            "'--parallel' must be 1 to 10000, not '9x'\n  see: muster apply --help\n"},
           {{"apply", "f", "--max-failures", "0"},
            "'--max-failures' must be 1 to 1000000, not '0'\n  see: muster apply --help\n"},
           {{"apply", "f", "--plan", "p", "--destroy"},
            "'--plan' and '--destroy' do not go together\n  see: muster apply --help\n"},
           {{"apply", "f", "g", "--plan", "p"},
            "'--plan' is of one definition: name that one\n  see: muster apply --help\n"},
           {{"list", "x"}, "'muster list' does not take 'x'\n  usage: muster list [options]\n"},
           {{"list", "-o", "xml"},
            "'--output' must be json, not 'xml'\n  see: muster list --help\n"},
           {{"status", "-o", "xml"},
            "'--output' must be wide or json, not 'xml'\n  see: muster status --help\n"},
           {{"ssh", "a", "b", "uptime"},
            "'muster ssh' does not take 'uptime'\n  a command for the node follows \"--\": "
            "muster ssh NAME [NODE] [-- COMMAND...]\n"},
           {{"completion", "tcsh"},
            "SHELL must be bash, zsh or fish, not 'tcsh'\n  usage: muster completion SHELL\n"},
           {{"power", "a", "b", "up"},
            "STATE must be on or off, not 'up'\n  usage: muster power NAME NODE STATE\n"},
           {{"artifacts", "list", "--kubernetes", "latest"},
            "'--kubernetes' must be a release such as v1.37.2, not 'latest'\n"
            "  see: muster artifacts list --help\n"},
           {{"-v"}, "there is no command\n  see all commands: muster --help\n"}}) {
    CAPTURE(text);
    CHECK(wrong(words) == "muster: " + text);
  }
}

TEST_CASE("command line: times to live, suffixes of names, and when to look again") {
  CHECK(filled({"f", "--ttl", "1h30m"}).run.ttl_ms == 5'400'000);
  CHECK(filled({"f", "--ttl=none"}).run.ttl_ms == 0);
  CHECK_FALSE(filled({"f"}).run.ttl_ms);
  CHECK(wrong({"apply", "f", "--ttl", "2"}) ==
        "muster: '--ttl' must be a time such as 90m, 2h or 1d12h, or none, not '2'\n"
        "  see: muster apply --help\n");
  CHECK(wrong({"apply", "f", "--ttl", "2h", "--destroy"})
            .starts_with("muster: '--ttl' and '--destroy' do not go together\n"));
  CHECK(filled({"f", "--name-suffix", "Feature/X_1"}).overrides.name_suffix == "feature-x-1");
  for (std::string command : {"validate", "plan", "apply", "destroy"}) {
    CHECK(good({command, "f.json", "--name-suffix", "Feature/X_1"}).name == command);
  }
  CHECK(wrong({"plan", "f", "--name-suffix", "--"}).find("'--name-suffix' needs a value") !=
        std::string::npos);
  CHECK(wrong({"plan", "f", "--name-suffix", "/_/"})
            .starts_with("muster: '--name-suffix' must have a letter or a digit, not '/_/'\n"));
  CHECK(wrong({"plan", "lab", "--to", "1", "--name-suffix", "7"})
            .starts_with("muster: '--to' is as it was"));
  CHECK(wrong({"destroy", "f.json", "lab", "--name-suffix", "7"})
            .starts_with("muster: '--name-suffix' is for definitions: of the deployment 'lab' say "
                         "the whole name"));
  CHECK(good({"status", "--watch", "--interval", "1m"}).name == "status");
  CHECK(wrong({"status", "lab", "--interval", "0s"})
            .starts_with("muster: '--interval' must be a time such as 2s or 1m, not '0s'\n"));
  CHECK(wrong({"status", "lab", "--watch", "-o", "json"})
            .starts_with("muster: '--watch' is for people"));
  CHECK(good({"gc", "--dry-run", "-y"}).name == "gc");
}
