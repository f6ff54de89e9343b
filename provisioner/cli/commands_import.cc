// import kubespray, export ansible: beside other tools.
#include <ostream>

#include "inventory/hosts.h"
#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/app.h"
#include "provisioner/cli/ssh_files.h"
#include "provisioner/engine/bastion_keys.h"
#include "provisioner/import/ansible_export.h"
#include "provisioner/import/kubespray.h"

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

}  // namespace

int App::import_kubespray() {
  const fs::path path = options_.arguments.front();
  auto imported = muster::import_kubespray(
      path, {options_.imported_name, options_.out_directory, options_.allowed_groups});
  if (!imported.warnings.empty()) talk_ << imported.warnings << "\n";
  if (!imported.mistakes.empty()) {
    talk_ << imported.mistakes << "\n";
    return static_cast<int>(ExitCode::usage);
  }
  if (!imported.errors.empty()) {
    for (const auto& error : imported.errors) talk_ << "muster: error: " << error << "\n";
    for (const auto& hint : imported.hints) talk_ << "  " << hint << "\n";
    talk_ << "muster: nothing was written\n";
    return static_cast<int>(ExitCode::usage);
  }
  check_folder(imported, options_.force);
  make_directory(imported.folder);
  const auto definition = imported.folder / kImportedDefinition;
  const auto hosts = imported.folder / kImportedHosts;
  write_file(definition, imported.definition);
  write_file(hosts, imported.hosts);
  out_ << imported.report.text() << std::flush;
  talk_ << "\nmuster: read " << join(imported.files, ", ") << "\nmuster: wrote "
        << definition.string() << " and " << hosts.string() << "\n";

  bool good = report(read_hosts(hosts).diagnostics);
  auto result = read(definition.string());
  good = report(result.diagnostics) && good;
  talk_ << (good ? "next: muster plan " + typed(definition.string())
                 : "muster: correct that, then: muster plan " + typed(definition.string()))
        << "\n";
  return static_cast<int>(good ? ExitCode::done : ExitCode::usage);
}

int App::export_ansible() {
  auto record = deployment(options_.arguments.front());
  const auto bastions = bastion_keys(store(), record);
  const auto files = write_ssh_files(store(), options_.state, record, bastions);
  if (!options_.host.empty()) {
    out_ << ansible_host_json(node_of(record, options_.host), {record, files, bastions});
    return 0;
  }
  for (const auto& node : record.nodes) {
    if (node.state == NodeState::ready) continue;
    talk_ << "muster: warning: the node '" << node.name << "' is " << to_string(node.state)
          << ": left out\n";
  }
  out_ << ansible_inventory_json({record, files, bastions});
  return 0;
}

}  // namespace muster
