// The command that tests providers.
#include "providers/conformance/suite.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/command_table.h"
#include "provisioner/cli/rules.h"

namespace muster {

namespace {

constexpr int kMostNodes = 1000;

OptionRule hints_option() {
  OptionRule rule;
  rule.name = "--hints";
  rule.value = "JSON";
  rule.help = "hints of its nodes, over its own: JSON, or a file";
  rule.kind = WordKind::file;
  rule.set = [](Options& options, const std::string& value) -> std::string {
    options.hints = value;
    return value.empty() ? "must not be empty" : "";
  };
  return rule;
}

OptionRule case_option() {
  OptionRule rule;
  rule.name = "--case";
  rule.value = "CASE";
  rule.help = "only this case (repeatable)";
  rule.kind = WordKind::choice;
  rule.choices = conformance_cases();
  rule.set = [](Options& options, const std::string& value) -> std::string {
    options.only_cases.push_back(value);
    return "";
  };
  return rule;
}

}  // namespace

void add_provider_commands(Table& table) {
  ArgumentRule name{"NAME", "a provider, or a kind that is built in", WordKind::text, true, false,
                    {}};
  table.command("provider test", "put a provider through what every provider must pass")
      .argument(name)
      .option(hints_option())
      .option(number_option("--nodes", "creates at once in the case 'parallel' (100)", 2,
                            kMostNodes, &Options::creates))
      .option(number_option("--quota", "how many nodes there can be, for the case 'quota'", 2,
                            kMostNodes, &Options::quota))
      .option(case_option())
      .option(output_option({"json"}))
      .example("provider test lab --quota 4 --nodes 4")
      .example("provider test inventory --hints hints.json");
}

}  // namespace muster
