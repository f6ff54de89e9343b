#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "provisioner/definition/value.h"

namespace muster {

/// Variables by name; the values know their line, not their file.
using AnsibleVars = std::map<std::string, Value>;

struct AnsibleGroup {
  std::string name;
  std::vector<std::string> hosts;     ///< its own, in the order of the text, each once
  std::vector<std::string> children;  ///< groups, the same
  AnsibleVars vars;                   ///< of the inventory itself
  std::set<std::string> known;        ///< what is in `hosts`
};

/// What the files of an Ansible inventory say: who is in which group, and which variables are set
/// where. Nothing is inherited or computed yet, AnsibleScope does that.
class AnsibleInventory {
 public:
  AnsibleInventory();

  /// Made when it is not there.
  AnsibleGroup& group(const std::string& name);
  const AnsibleGroup* find_group(const std::string& name) const;
  /// Of the inventory itself; made when it is not there.
  AnsibleVars& host(const std::string& name);
  const AnsibleVars* find_host(const std::string& name) const;

  void add_host(AnsibleGroup& group, const std::string& host);
  static void add_child(AnsibleGroup& group, const std::string& child);

  const std::vector<AnsibleGroup>& groups() const { return groups_; }
  const std::vector<std::string>& hosts() const { return hosts_; }  ///< in the order of the text
  /// The hosts of the group and of its children, each once, the group's own first.
  std::vector<std::string> members(const std::string& group) const;
  /// Whether `group` is among its own children, grandchildren, ...
  bool contains_itself(const std::string& group) const;

  std::map<std::string, AnsibleVars>
      group_files;  ///< of group_vars, whether the group exists or not
  std::map<std::string, AnsibleVars> host_files;  ///< of host_vars
  std::vector<std::string> files;                 ///< what was read
  std::vector<std::string> encrypted;    ///< files and variables that Ansible Vault has encrypted
  std::vector<std::string> passed_over;  ///< files that were not read, with the reason
  std::filesystem::path folder;          ///< where group_vars and host_vars were looked for

 private:
  std::vector<std::string> descendants(const std::string& group) const;

  std::vector<AnsibleGroup> groups_;
  std::map<std::string, std::size_t> group_at_;
  std::vector<std::string> hosts_;
  std::map<std::string, AnsibleVars> host_vars_;
};

/// Adds what an inventory in INI form says. Mistakes go to `diagnostics`.
void read_ini_inventory(std::string_view text, AnsibleInventory& inventory,
                        Diagnostics& diagnostics);
/// The same of one in YAML form, also what `ansible-inventory --list --yaml` prints.
void read_yaml_inventory(std::string_view text, AnsibleInventory& inventory,
                         Diagnostics& diagnostics);

struct AnsibleInventoryResult {
  AnsibleInventory inventory;
  std::string mistakes;  ///< of all files, each with its place; empty when there are none
  std::string warnings;  ///< the same
};

/// Reads the file, or all inventories of a folder as Ansible does (and *.ini), with group_vars and
/// host_vars beside them. Programs among them are not run. Never throws for what the user wrote.
AnsibleInventoryResult read_ansible_inventory(const std::filesystem::path& path);

}  // namespace muster
