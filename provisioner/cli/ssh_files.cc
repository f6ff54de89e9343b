#include "provisioner/cli/ssh_files.h"

#include <string>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/run/access.h"

namespace muster {

namespace {

std::filesystem::path key_file(const std::filesystem::path& folder, const std::string& tenant) {
  return folder / (tenant + ".key");
}

}  // namespace

SshFiles write_ssh_files(Store& store, const std::filesystem::path& state,
                         const DeploymentRecord& record, const BastionKeys& bastions) {
  const auto folder = std::filesystem::absolute(state).lexically_normal() / "ssh";
  make_directory(folder, 0700);
  SshFiles files{key_file(folder, record.tenant), folder / (record.name + ".known_hosts"),
                 folder / "bastions.known_hosts"};
  write_file(files.key, tenant_key(store, record.tenant).private_key.reveal(), 0600);
  write_file(files.known_hosts, host_keys_text(record, bastions), 0600);
  return files;
}

void forget_ssh_key(const std::filesystem::path& state, const std::string& tenant) {
  std::error_code failure;
  const auto file = key_file(state / "ssh", tenant);
  std::filesystem::remove(file, failure);
  if (!failure) return;
  throw Error("cannot remove the private key '" + file.string() + "': " + failure.message())
      .hint("remove it by hand, then run the same command again");
}

}  // namespace muster
