#include "provisioner/cli/options.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <utility>

#include "provisioner/cli/commands.h"

using namespace muster;

namespace {

std::optional<Usage> parse(const std::vector<std::string>& words, Options& options) {
  std::vector<const char*> argv{"muster"};
  for (const auto& word : words) argv.push_back(word.c_str());
  return parse_options(static_cast<int>(argv.size()), argv.data(), options);
}

Options good(const std::vector<std::string>& words) {
  Options options;
  auto usage = parse(words, options);
  CAPTURE(words.empty() ? "" : words.front());
  REQUIRE_MESSAGE(!usage, usage->text);
  return options;
}

/// What a wrong command line gets.
std::string wrong(const std::vector<std::string>& words) {
  Options options;
  auto usage = parse(words, options);
  REQUIRE(usage);
  CHECK(usage->exit_code == 2);
  return usage->text;
}

}  // namespace

TEST_CASE("options: a command, its arguments and its options come in any order") {
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"plan", "a.json", "b.json", "--json", "--set", "a=1", "--set=b=2"},
           {"plan", "--json", "--set", "a=1", "a.json", "--set", "b=2", "b.json"},
           {"plan", "--set", "a=1", "--set", "b=2", "--json", "--", "a.json", "b.json"}}) {
    auto options = good(words);
    CHECK(options.command == "plan");
    CHECK(options.arguments == std::vector<std::string>{"a.json", "b.json"});
    CHECK(options.set == std::vector<std::string>{"a=1", "b=2"});
    CHECK(options.json);
  }
}

TEST_CASE("options: options of every command stand before or behind it") {
  CHECK(good({"--state", "/x", "list"}).state == "/x");
  CHECK(good({"list", "--state=/x"}).state == "/x");
  CHECK(good({"validate", "--roles", "a", "f", "--roles", "b"}).roles ==
        std::vector<std::filesystem::path>{"a", "b"});
}

TEST_CASE("options: runs are traced, and nothing else is") {
  CHECK(good({"apply", "a.json", "--trace", "t.json"}).trace_file == "t.json");
  CHECK(good({"rollback", "demo", "--trace=t.json"}).trace_file == "t.json");
  CHECK(good({"destroy", "demo", "--trace", "t.json"}).trace_file == "t.json");
  CHECK(good({"destroy", "demo"}).trace_file.empty());
  CHECK(wrong({"plan", "a.json", "--trace", "t.json"})
            .starts_with("muster: 'muster plan' has no option '--trace'\n"));
  CHECK(wrong({"apply", "a.json", "--trace"}) ==
        "muster: '--trace' needs a value: --trace FILE\n  see: muster apply --help\n");
}

TEST_CASE("options: letters take values and go together") {
  CHECK(good({"list", "-o", "json"}).output == "json");
  CHECK(good({"list", "-ojson"}).output == "json");
  auto both = good({"apply", "-vy", "f"});
  CHECK(both.verbose);
  CHECK(both.yes);
}

TEST_CASE("options: what is not given has its default") {
  auto options = good({"apply", "f"});
  CHECK(options.parallel == 1000);
  CHECK_FALSE(options.yes);
  CHECK_FALSE(options.provider);
  CHECK(options.max_failures == 0);
  CHECK(good({"apply", "f", "--parallel", "10000"}).parallel == 10000);
  CHECK(good({"apply", "f", "--max-failures=3"}).max_failures == 3);
}

TEST_CASE("options: the last of a repeated option counts") {
  CHECK(good({"apply", "f", "--parallel", "2", "--parallel", "3"}).parallel == 3);
}

TEST_CASE("options: a minus alone is stdin, and what follows two is no option") {
  CHECK(good({"plan", "-"}).arguments == std::vector<std::string>{"-"});
  CHECK(good({"plan", "--", "--json"}).arguments == std::vector<std::string>{"--json"});
  CHECK(good({"plan", "a.json", "--", "--json", "b.json"}).arguments ==
        std::vector<std::string>{"a.json", "--json", "b.json"});
}

TEST_CASE("options: a file or a deployment may have the name of a command") {
  CHECK(good({"destroy", "list", "artifacts"}).arguments ==
        std::vector<std::string>{"list", "artifacts"});
  CHECK(good({"artifacts", "path", "fetch"}).command == "artifacts path");
}

TEST_CASE("options: an empty value does not take the next word") {
  CHECK(wrong({"plan", "f", "--out=", "g"}) ==
        "muster: '--out' must not be empty\n  see: muster plan --help\n");
}

TEST_CASE("options: what follows two minuses is the node's own") {
  auto options = good({"ssh", "c1", "c1-worker-001", "--", "ls", "--", "-l"});
  CHECK(options.arguments == std::vector<std::string>{"c1", "c1-worker-001"});
  CHECK(options.remote == std::vector<std::string>{"ls", "--", "-l"});
  CHECK(wrong({"ssh", "c1", "--"}) ==
        "muster: nothing follows '--'\n  usage: muster ssh NAME [NODE] [-- COMMAND...]\n");
}

TEST_CASE("options: the directories come from the environment, and an option wins") {
  ::setenv("MUSTER_STATE", "/from/state", 1);
  ::setenv("MUSTER_CACHE", "/from/cache", 1);
  CHECK(good({"list"}).state == "/from/state");
  CHECK(good({"list"}).cache == "/from/cache");
  CHECK(good({"list", "--state", "/x"}).state == "/x");
  ::setenv("MUSTER_STATE", "", 1);
  CHECK(good({"list"}).state.filename() == "muster");
  ::unsetenv("MUSTER_STATE");
  ::unsetenv("MUSTER_CACHE");
}

TEST_CASE("options: the recorded command line can be typed again and holds no secret") {
  CHECK(good({"apply", "my file.json", "--set", "nodes.0.count=3"}).command_line ==
        "muster apply 'my file.json' --set nodes.0.count=3");
  CHECK(good({"apply", "f", "--set", "attribs.k8s-kube_api_pwd=hunter2"}).command_line ==
        "muster apply f --set attribs.k8s-kube_api_pwd=...");
  CHECK(good({"apply", "f", "--set=attribs.k8s-kube_users.kube.pass=hunter2"}).command_line ==
        "muster apply f --set=attribs.k8s-kube_users.kube.pass=...");
  for (std::string hints :
       {"provider.hints.token=hunter2", "nodes.0.hints.user=a=b", "provider={\"hints\": {}}"}) {
    auto shown = hints.substr(0, hints.find('=')) + "=...";
    CHECK(good({"apply", "f", "--set", hints}).command_line == "muster apply f --set " + shown);
    CHECK(good({"apply", "f", "--set=" + hints}).command_line == "muster apply f --set=" + shown);
  }
  CHECK(good({"provider", "test", "lab", "--hints={\"a\": 1}"}).command_line ==
        "muster provider test lab --hints=...");
  CHECK(good({"destroy", "a;b", "--yes"}).command_line == "muster destroy 'a;b' --yes");
}

TEST_CASE("options: help is no mistake, nothing at all is one") {
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"--help"}, {"-h"}, {"help"}, {"--help", "plan"}}) {
    Options options;
    auto usage = parse(words, options);
    REQUIRE(usage);
    CHECK(usage->exit_code == 0);
    CHECK(usage->text == help_text());
  }
  CHECK(wrong({}) == help_text());
  Options options;
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"plan", "--help"}, {"plan", "x", "-h"}, {"help", "plan"}}) {
    CHECK(parse(words, options)
              ->text.starts_with(
                  "show what apply would do, and why\n\nusage: muster plan FILE... [options]\n"));
  }
  CHECK(good({"--version"}).command == "version");
}

TEST_CASE("options: every command has a help of at most 80 columns, with all its options") {
  for (const auto& command : commands()) {
    auto text = help_text(command);
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
    CHECK(help_text().find("  " + command.name + " ") != std::string::npos);
  }
}

TEST_CASE("options: the examples in the help are right") {
  for (const auto& command : commands()) {
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
      CHECK(good(words).command == command.name);
    }
  }
}

TEST_CASE("options: mistakes are named, with what to do") {
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

TEST_CASE("options: times to live, suffixes of names, and when to look again") {
  CHECK(good({"apply", "f", "--ttl", "1h30m"}).ttl_ms == 5'400'000);
  CHECK(good({"apply", "f", "--ttl=none"}).ttl_ms == 0);
  CHECK_FALSE(good({"apply", "f"}).ttl_ms);
  CHECK(wrong({"apply", "f", "--ttl", "2"}) ==
        "muster: '--ttl' must be a time such as 90m, 2h or 1d12h, or none, not '2'\n"
        "  see: muster apply --help\n");
  CHECK(wrong({"apply", "f", "--ttl", "2h", "--destroy"})
            .starts_with("muster: '--ttl' and '--destroy' do not go together\n"));
  for (std::string command : {"validate", "plan", "apply", "destroy"}) {
    CHECK(good({command, "f.json", "--name-suffix", "Feature/X_1"}).name_suffix == "feature-x-1");
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
  CHECK(good({"status", "lab", "--watch"}).interval_ms == 2000);
  CHECK(good({"status", "--watch", "--interval", "1m"}).interval_ms == 60'000);
  CHECK(wrong({"status", "lab", "--interval", "0s"})
            .starts_with("muster: '--interval' must be a time such as 2s or 1m, not '0s'\n"));
  CHECK(wrong({"status", "lab", "--watch", "-o", "json"})
            .starts_with("muster: '--watch' is for people"));
  CHECK(good({"gc", "--dry-run"}).dry_run);
  CHECK(good({"gc", "-y"}).yes);
}
