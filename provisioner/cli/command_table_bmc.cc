// The commands about the BMCs of machines that exist already.
#include "provisioner/base/duration.h"
#include "provisioner/cli/command_table.h"
#include "provisioner/cli/rules.h"

namespace muster {

namespace {

OptionRule shutdown_option() {
  OptionRule rule;
  rule.name = "--timeout";
  rule.value = "TIME";
  rule.help = "how long operating systems may take to end (2m)";
  rule.set = [](Options& options, const std::string& value) -> std::string {
    options.shutdown_ms = parse_duration(value);
    return options.shutdown_ms ? "" : "must be a time such as 90s or 10m, not '" + value + "'";
  };
  return rule;
}

}  // namespace

void add_bmc_commands(Table& table) {
  table.group("power of machines that exist already, through their BMCs");
  const ArgumentRule some{"HOST", "names in the hosts file", WordKind::text, true, true, {}};
  auto any = some;
  any.required = false;
  any.help = "names in the hosts file; all that have a BMC when absent";
  const auto hosts = file_option(
      "--hosts", "a hosts file or a folder of them; 'inventory' when absent", &Options::hosts_file);
  auto add = [&](const std::string& verb, const std::string& help, const ArgumentRule& argument) {
    table.command("bmc " + verb, help)
        .argument(argument)
        .option(hosts)
        .option(output_option({"json"}));
  };
  add("status", "whether hosts are on", any);
  table.example("bmc status --hosts hosts.yaml");
  add("on", "switch hosts on", some);
  table.example("bmc on m1 m2 --hosts hosts.yaml");
  add("off", "shut hosts down, and cut their power when they do not end", some);
  table.option(flag("--force", "", "cut the power at once", &Options::force))
      .option(shutdown_option())
      .option(yes_option())
      .example("bmc off m1 --hosts hosts.yaml --yes");
  add("cycle", "cut the power of hosts, and give it back", some);
  table.option(yes_option()).example("bmc cycle m1 --hosts hosts.yaml --yes");
  add("pxe", "the next start of hosts, and only that, is from the network", some);
  table.option(yes_option()).example("bmc pxe m1 --hosts hosts.yaml");
}

}  // namespace muster
