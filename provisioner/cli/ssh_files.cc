#include "provisioner/cli/ssh_files.h"

#include <string>

#include "provisioner/base/files.h"
#include "provisioner/engine/step_runner.h"

namespace muster {

SshFiles write_ssh_files(Store& store, const std::filesystem::path& state,
                         const DeploymentRecord& record, const BastionKeys& bastions) {
  const auto folder = std::filesystem::absolute(state).lexically_normal() / "ssh";
  make_directory(folder, 0700);
  SshFiles files{folder / (record.tenant + ".key"), folder / (record.name + ".known_hosts"),
                 folder / "bastions.known_hosts"};
  write_file(files.key, tenant_key(store, record.tenant).private_key.reveal(), 0600);
  write_file(files.known_hosts, host_keys_text(record, bastions), 0600);
  return files;
}

}  // namespace muster
