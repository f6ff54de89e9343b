// bundle: all that an apply needs, in one file.
#include "provisioner/cli/command_table.h"
#include "provisioner/cli/rules.h"

namespace muster {

namespace {

std::string check_create(const Options& options) {
  return options.out_file.empty() ? "say where the bundle goes: --out bundle.tar.zst" : "";
}

OptionRule out_option() {
  auto rule =
      file_option("--out", "where the bundle goes, e.g. bundle.tar.zst", &Options::out_file);
  rule.letter = "-o";
  return rule;
}

OptionRule packages_option() {
  OptionRule rule;
  rule.name = "--packages";
  rule.value = "RELEASE";
  rule.help = "also what roles install on hosts: debian-12";
  rule.set = [](Options& options, const std::string& value) {
    options.packages = value;
    return std::string();
  };
  rule.kind = WordKind::choice;
  rule.choices = {"debian-12"};
  return rule;
}

}  // namespace

OptionRule bundle_option() {
  return file_option("--bundle", "get what is missing from this bundle, fetch nothing",
                     &Options::bundle_file);
}

void add_bundle_commands(Table& table) {
  const ArgumentRule bundle{"BUNDLE", "a bundle", WordKind::file, true, false, {}};
  table.group("bundles: for machines without a network");
  table.command("bundle create", "one file with all that applying the definitions fetches")
      .argument(file_arguments())
      .option(out_option())
      .option(packages_option())
      .option(set_option())
      .option(provider_option())
      .example("bundle create cluster.json --out bundle.tar.zst")
      .example("bundle create cluster.json --packages debian-12 --out bundle.tar.zst")
      .check(check_create);
  table.command("bundle list", "what a bundle holds")
      .argument(bundle)
      .option(output_option({"json"}))
      .example("bundle list bundle.tar.zst");
  table.command("bundle verify", "read all of a bundle, and hold it against its sums")
      .argument(bundle)
      .example("bundle verify bundle.tar.zst");
}

}  // namespace muster
