// import kubespray, export ansible: beside other tools.
#include <ostream>

#include "inventory/hosts.h"
#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/context.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/cli/ssh_files.h"
#include "provisioner/definition/names.h"
#include "provisioner/import/ansible_export.h"
#include "provisioner/import/kubespray.h"
#include "provisioner/run/bastion_keys.h"

namespace muster {

namespace {

namespace fs = std::filesystem;

/// Refuses to write where something else is.
void check_folder(const KubesprayImport& imported, bool force) {
  std::error_code failure;
  const auto& folder = imported.folder;
  if (fs::equivalent(folder, imported.source, failure)) {
    throw Error("'" + folder.string() + "' is the inventory's own folder", ExitCode::usage)
        .hint("name another one for muster's files: -o FOLDER");
  }
  for (const char* name : {kImportedDefinition, kImportedHosts}) {
    if (force || !fs::exists(folder / name, failure)) continue;
    throw Error("'" + (folder / name).string() + "' is there already", ExitCode::usage)
        .hint("name another folder with -o, or write over it with --force");
  }
}

struct ImportOptions {
  fs::path inventory;
  fs::path out;
  std::string name;
  std::vector<std::string> allowed_groups;
  bool force = false;
};

int run_import_kubespray(Context& context, const ImportOptions& options) {
  auto imported =
      import_kubespray(options.inventory, {options.name, options.out, options.allowed_groups});
  if (!imported.warnings.empty()) context.talk() << imported.warnings << "\n";
  if (!imported.mistakes.empty()) {
    context.talk() << imported.mistakes << "\n";
    return kUsage;
  }
  if (!imported.errors.empty()) {
    for (const auto& error : imported.errors) context.talk() << "muster: error: " << error << "\n";
    for (const auto& hint : imported.hints) context.talk() << "  " << hint << "\n";
    context.talk() << "muster: nothing was written\n";
    return kUsage;
  }
  check_folder(imported, options.force);
  make_directory(imported.folder);
  const auto definition = imported.folder / kImportedDefinition;
  const auto hosts = imported.folder / kImportedHosts;
  write_file(definition, imported.definition);
  write_file(hosts, imported.hosts);
  context.out() << imported.report.text() << std::flush;
  context.talk() << "\nmuster: read " << join(imported.files, ", ") << "\nmuster: wrote "
                 << definition.string() << " and " << hosts.string() << "\n";

  bool good = context.report(read_hosts(hosts).diagnostics);
  auto result = context.read(definition.string());
  good = context.report(result.diagnostics) && good;
  context.talk() << (good ? "next: muster plan " + typed(definition.string())
                          : "muster: correct that, then: muster plan " + typed(definition.string()))
                 << "\n";
  return good ? kDone : kUsage;
}

struct ExportOptions {
  std::string name;
  bool list = false;  ///< what it does anyway
  std::string host;
};

int run_export_ansible(Context& context, const ExportOptions& options) {
  auto record = context.deployment(options.name);
  const auto bastions = bastion_keys(context.store(), record);
  const auto files = write_ssh_files(context.store(), context.common().state, record, bastions);
  if (!options.host.empty()) {
    context.out() << ansible_host_json(node_of(record, options.host), {record, files, bastions});
    return kDone;
  }
  for (const auto& node : record.nodes) {
    if (node.state == NodeState::ready) continue;
    context.talk() << "muster: warning: the node '" << node.name << "' is " << to_string(node.state)
                   << ": left out\n";
  }
  context.out() << ansible_inventory_json({record, files, bastions});
  return kDone;
}

}  // namespace

void add_import_commands(Table& table) {
  table.group(Group::neighbours);
  auto kubespray = table.command("import kubespray",
                                 "a definition and a hosts file, of an inventory of Kubespray's",
                                 run_import_kubespray);
  auto& options = *kubespray;
  kubespray
      .takes(argument("PATH", "an inventory, or the folder with it", WordKind::file,
                      options.inventory),
             option("-o, --out DIR", "the folder for the files; NAME when absent", options.out),
             option("--name NAME", "the deployment's name; made of the folder's when absent",
                    [&options](const std::string& value) -> std::string {
                      options.name = value;
                      auto problem = check_label(value);
                      return problem ? "cannot be '" + value + "': it " + problem.message : "";
                    }),
             option("--allow-group GROUP", "an unknown group that may be passed over; repeatable",
                    options.allowed_groups),
             flag("--force", "write over what an earlier import wrote", options.force))
      .example("import kubespray inventory/mycluster")
      .example("import kubespray mycluster/hosts.yaml -o site --allow-group rack1");
  auto ansible = table.command("export ansible", "a dynamic inventory for Ansible, of a deployment",
                               run_export_ansible);
  ansible
      .takes(name_argument(ansible->name),
             flag("--list", "all of it, which is what it does anyway", ansible->list),
             option("--host NODE", "only the variables of this node", ansible->host))
      .example("export ansible cluster01")
      .example("export ansible cluster01 --host cluster01-worker-002")
      .check([](const ExportOptions& o) -> std::string {
        return o.list && !o.host.empty() ? "'--list' and '--host' do not go together" : "";
      });
}

}  // namespace muster
