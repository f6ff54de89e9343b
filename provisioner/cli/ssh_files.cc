#include "provisioner/cli/ssh_files.h"

#include <string>

#include "provisioner/base/files.h"
#include "provisioner/engine/step_runner.h"

namespace muster {

SshFiles write_ssh_files(Store& store, const std::filesystem::path& state,
                         const DeploymentRecord& record) {
  auto folder = state / "ssh";
  make_directory(folder, 0700);
  SshFiles files{folder / (record.tenant + ".key"), folder / (record.name + ".known_hosts")};
  write_file(files.key, tenant_key(store, record.tenant).private_key.reveal(), 0600);
  std::string hosts;
  for (const auto& node : record.nodes) {
    if (node.endpoint.has_key()) hosts += node.name + " " + node.endpoint.host_key + "\n";
  }
  write_file(files.known_hosts, hosts, 0600);
  return files;
}

}  // namespace muster
