// The page for man(1), as the programs that show such pages see it.
#include <doctest/doctest.h>

#include "provisioner/base/files.h"
#include "provisioner/base/process.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/command.h"
#include "tests/support/folder.h"
#include "tests/support/said.h"

using namespace muster;

TEST_CASE("help: the page for man(1) is right for the programs that are here") {
  TestFolder folder;
  const std::string file = folder / "muster.1";
  write_file(file, man_page(all_commands()));
  for (const std::string command : {"groff -ww -b -z -man -Tascii", "mandoc -Tlint -W error"}) {
    ProcessSpec spec;
    const auto program = command.substr(0, command.find(' '));
    spec.argv = {"sh", "-c", "command -v " + program + " > " + (folder / "where")};
    if (run_process(spec).exit_code != 0) {
      MESSAGE("skipped: " << program << " is not installed");
      continue;
    }
    CAPTURE(command);
    spec.argv = {"sh", "-c", command + " " + file + " > " + (folder / "shown")};
    auto result = run_process(spec);
    CHECK(result.exit_code == 0);
    CHECK(result.error_output == "");
    if (program == "mandoc") CHECK(read_file(folder / "shown") == "");
  }
}

TEST_CASE("help: the page for man(1) has every command with its options and examples") {
  const auto table = all_commands();
  auto page = man_page(table);
  std::erase(page, '\\');
  for (const auto& command : table.commands) {
    CAPTURE(command.name);
    CHECK(has(page, ".SS \"" + usage_of(command) + "\"\n" + command.help.substr(0, 6)));
    for (const auto& option : command.options) CHECK(has(page, option.name));
    CHECK((command.examples.empty() || has(page, "\nmuster " + command.name)));
  }
}
