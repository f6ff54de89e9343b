#include <doctest/doctest.h>

#include <algorithm>

#include "provisioner/base/files.h"
#include "provisioner/base/process.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/command.h"
#include "tests/support/folder.h"

using namespace muster;

namespace {

bool installed(const std::string& shell) {
  ProcessSpec spec;
  spec.argv = {"sh", "-c", "command -v " + shell};
  return run_process(spec).exit_code == 0;
}

/// The script in a file, beside a program "muster" that knows two deployments.
class Completion {
 public:
  explicit Completion(const std::string& shell) : script_(folder_ / ("completion." + shell)) {
    write_file(script_, completion_script(all_commands(), shell));
    write_file(folder_ / "muster", "#!/bin/sh\nprintf 'NAME TENANT\\nred x\\ngreen x\\n'\n", 0755);
    write_file(folder_ / "one.json", "{}");
  }

  std::string run(const std::vector<std::string>& argv) const {
    ProcessSpec spec;
    spec.argv = {"env", "-C", folder_.path().string(),
                 "PATH=" + folder_.path().string() + ":/usr/bin:/bin"};
    spec.argv.insert(spec.argv.end(), argv.begin(), argv.end());
    auto result = run_process(spec);
    CHECK(result.error_output == "");
    CHECK(result.exit_code == 0);
    return result.output;
  }

  const std::string& script() const { return script_; }

 private:
  TestFolder folder_;
  std::string script_;
};

/// What bash offers for the last of `words`, sorted.
std::string offered(const std::vector<std::string>& words) {
  static const Completion completion("bash");
  std::string array;
  for (const auto& word : words) array += shell_quote(word) + " ";
  auto output = completion.run({"bash", "-c",
                                "source " + completion.script() + "; COMP_WORDS=(" + array +
                                    "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _muster; "
                                    "printf '%s\\n' \"${COMPREPLY[@]}\" | sort"});
  auto lines = split(trim(output), '\n');
  return join(lines, " ");
}

}  // namespace

TEST_CASE("completion: the scripts are right for the shells that are here") {
  for (std::string shell : {"bash", "zsh", "fish"}) {
    if (!installed(shell)) {
      MESSAGE("skipped: " << shell << " is not installed");
      continue;
    }
    Completion completion(shell);
    CHECK(completion.run({shell, "-n", completion.script()}) == "");
  }
}

TEST_CASE("completion: bash offers commands, options and values where they belong") {
  CHECK(offered({"muster", "pl"}) == "plan");
  CHECK(offered({"muster", "artifacts", ""}) == "fetch list path verify");
  CHECK(offered({"muster", "artifacts", "list", "--k"}) == "--kubernetes");
  CHECK(offered({"muster", "plan", "--d"}) == "--detailed-exitcode --dot");
  CHECK(offered({"muster", "--s"}) == "--state");
  CHECK(offered({"muster", "list", "-o", ""}) == "json");
  CHECK(offered({"muster", "status", "red", "--output", ""}) == "json wide");
  CHECK(offered({"muster", "status", "red", "--output", "=", "w"}) == "wide");
  CHECK(offered({"muster", "completion", ""}) == "bash fish zsh");
  CHECK(offered({"muster", "power", "red", "red-1", "o"}) == "off on");
  CHECK(offered({"muster", "apply", "--provider", ""}) == "local");
  CHECK(offered({"muster", "apply", "--parallel", ""}) == "");
}

TEST_CASE("completion: bash offers files for definitions and names for deployments") {
  CHECK(offered({"muster", "plan", "o"}) == "one.json");
  CHECK(offered({"muster", "plan", "--set", "a=1", "one.json", "o"}) == "one.json");
  CHECK(offered({"muster", "kubeconfig", ""}) == "green red");
  CHECK(offered({"muster", "--state", "x", "status", "r"}) == "red");
  CHECK(offered({"muster", "status", "red", ""}) == "");
  CHECK(offered({"muster", "destroy", "red", ""}) == "completion.bash green muster one.json red");
}

TEST_CASE("completion: fish offers the same") {
  if (!installed("fish")) {
    MESSAGE("skipped: fish is not installed");
    return;
  }
  Completion completion("fish");
  TestFolder home;
  auto offered_by_fish = [&](const std::string& line) {
    auto output = completion.run({"HOME=" + home.path().string(), "fish", "--no-config", "-c",
                                  "source " + completion.script() + "; complete -C " +
                                      shell_quote(line) + " | cut -f1 | sort"});
    auto lines = split(trim(output), '\n');
    return join(lines, " ");
  };
  CHECK(offered_by_fish("muster pl") == "plan");
  CHECK(offered_by_fish("muster artifacts ") == "fetch list path verify");
  CHECK(offered_by_fish("muster plan --d") == "--detailed-exitcode --dot");
  CHECK(offered_by_fish("muster kubeconfig ") == "green red");
  CHECK(offered_by_fish("muster status red --output ") == "json wide");
  CHECK(offered_by_fish("muster completion ") == "bash fish zsh");
}
