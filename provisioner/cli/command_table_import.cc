// What other tools have, and what they are given.
#include "provisioner/cli/command_table.h"
#include "provisioner/cli/rules.h"
#include "provisioner/definition/names.h"

namespace muster {

namespace {

std::string check_export(const Options& options) {
  return options.list && !options.host.empty() ? "'--list' and '--host' do not go together" : "";
}

OptionRule name_option() {
  auto rule = file_option("--name", "the deployment's name; made of the folder's when absent",
                          &Options::imported_name);
  rule.value = "NAME";
  rule.kind = WordKind::text;
  rule.set = [](Options& options, const std::string& value) -> std::string {
    options.imported_name = value;
    auto problem = check_label(value);
    return problem ? "cannot be '" + value + "': it " + problem.message : "";
  };
  return rule;
}

OptionRule allow_group_option() {
  auto rule = name_option();
  rule.name = "--allow-group";
  rule.value = "GROUP";
  rule.help = "an unknown group that may be passed over; repeatable";
  rule.set = [](Options& options, const std::string& value) -> std::string {
    options.allowed_groups.push_back(value);
    return value.empty() ? "must not be empty" : "";
  };
  return rule;
}

OptionRule host_option() {
  auto rule = file_option("--host", "only the variables of this node", &Options::host);
  rule.value = "NODE";
  rule.kind = WordKind::text;
  return rule;
}

}  // namespace

void add_import_commands(Table& table) {
  table.group("beside Kubespray and Ansible");
  ArgumentRule inventory{"PATH", "an inventory, or the folder with it", WordKind::file, true, false,
                         {}};
  auto folder =
      path_option("--out", "the folder for the files; NAME when absent", &Options::out_directory);
  folder.letter = "-o";
  table.command("import kubespray", "a definition and a hosts file, of an inventory of Kubespray's")
      .argument(inventory)
      .option(folder)
      .option(name_option())
      .option(allow_group_option())
      .option(flag("--force", "", "write over what an earlier import wrote", &Options::force))
      .example("import kubespray inventory/mycluster")
      .example("import kubespray mycluster/hosts.yaml -o site --allow-group rack1");
  table.command("export ansible", "a dynamic inventory for Ansible, of a deployment")
      .argument(name_argument(true, "a deployment"))
      .option(flag("--list", "", "all of it, which is what it does anyway", &Options::list))
      .option(host_option())
      .example("export ansible cluster01")
      .example("export ansible cluster01 --host cluster01-worker-002")
      .check(check_export);
}

}  // namespace muster
