// The command of machines that exist already.
#include "provisioner/cli/command_table.h"
#include "provisioner/cli/rules.h"

namespace muster {

void add_hosts_commands(Table& table) {
  table.group("machines that exist already (provider inventory)");
  ArgumentRule files{
      "FILE",         "hosts files, or folders of them; the folder 'inventory' when absent",
      WordKind::file, false,
      true,           {}};
  table.command("hosts", "the hosts of hosts files, and who has each of them")
      .argument(files)
      .option(output_option({"json"}))
      .example("hosts")
      .example("hosts hosts.yaml -o json");
}

}  // namespace muster
