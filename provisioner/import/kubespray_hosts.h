#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "provisioner/import/ansible_scope.h"
#include "provisioner/import/import_report.h"
#include "provisioner/import/ssh_arguments.h"

namespace muster {

/// One host of a cluster, as a hosts file is to have it. Empty is what it does not need to say.
struct ImportedHost {
  std::string source;  ///< its name in Ansible's inventory
  std::string name;    ///< a DNS label
  std::string address;
  std::string cluster_address;
  std::string port;
  std::string user;
  std::string key;
  std::string bastion;
  std::map<std::string, std::string> labels;
  std::vector<std::string> taints;
};

/// The host in the group "bastion" that all others are reached through.
struct ImportedBastion {
  SshJump jump;
};
std::optional<ImportedBastion> import_bastion(const AnsibleInventory& inventory,
                                              const AnsibleScope& scope, ImportReport& report);

/// What the variables of one host say of it. What cannot be used goes to `report`, what leaves no
/// way to reach the host to `errors`.
ImportedHost import_host(const HostScope& scope, const std::optional<ImportedBastion>& bastion,
                         ImportReport& report, std::vector<std::string>& errors);

/// The text of a hosts file (docs/providers.md).
std::string hosts_yaml(const std::vector<ImportedHost>& hosts, const std::string& source);

}  // namespace muster
