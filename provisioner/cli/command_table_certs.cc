// certs: the certificates of a deployment.
#include "provisioner/cli/command_table.h"
#include "provisioner/cli/rules.h"

namespace muster {

namespace {

std::string check_phase(const Options& options) {
  if (options.json && !options.yes)
    return "'--json' is for programs, which cannot answer: say --yes";
  return "";
}

std::string set_phase(Options& options, const std::string& value) {
  if (value != "1" && value != "2" && value != "3") return "must be 1, 2 or 3, not '" + value + "'";
  options.last_phase = value[0] - '0';
  return "";
}

OptionRule phase_option() {
  OptionRule rule;
  rule.name = "--phase";
  rule.value = "N";
  rule.help = "stop when phase 1, 2 or 3 is done; 3 when absent";
  rule.set = set_phase;
  rule.kind = WordKind::choice;
  rule.choices = {"1", "2", "3"};
  return rule;
}

}  // namespace

void add_certificate_commands(Table& table) {
  const auto name = name_argument(true, "a deployment");
  table.group("certificates");
  table.command("certs list", "every certificate: whose, of which CA, until when, who renews it")
      .argument(name)
      .option(flag("--refresh", "", "read them on the nodes", &Options::refresh))
      .option(output_option({"json"}))
      .example("certs list cluster01");
  table.command("certs renew", "give all nodes new certificates, one node at a time")
      .argument(name)
      .option(yes_option())
      .option(parallel_option())
      .option(events_option())
      .option(trace_option())
      .example("certs renew cluster01");
  table.command("certs rotate-ca", "new CAs in three phases; kubeconfigs of the old ones end")
      .argument(name)
      .option(phase_option())
      .option(yes_option())
      .option(parallel_option())
      .option(events_option())
      .option(trace_option())
      .example("certs rotate-ca cluster01")
      .example("certs rotate-ca cluster01 --phase 1")
      .check(check_phase);
}

}  // namespace muster
