// What checks hosts.
#include "provisioner/cli/command_table.h"
#include "provisioner/cli/rules.h"

namespace muster {

OptionRule skip_check_option() {
  return flag("--skip-check", "", "do not check the hosts of new nodes first",
              &Options::skip_check);
}

void add_check_commands(Table& table) {
  table.group("machines that exist already (provider inventory)");
  table.command("check", "whether the hosts of definitions are fit, and what to do if not")
      .argument(file_arguments())
      .option(set_option())
      .option(provider_option())
      .option(name_suffix_option())
      .option(parallel_option())
      .option(output_option({"json"}))
      .example("check cluster.json")
      .example("check cluster.json -o json");
}

}  // namespace muster
