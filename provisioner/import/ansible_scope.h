#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "provisioner/import/ansible_inventory.h"

namespace muster {

/// The variables of one host, as Ansible would see them: groups over their parents, files over the
/// inventory, the host over all. It refers to the inventory.
class HostScope {
 public:
  /// Null when the variable is not set, or null.
  const Value* find(const std::string& name) const;
  /// The variable as text; "{{ name }}" in it is followed. Nothing when it is not set, null, a list
  /// or an object, or needs more of Ansible than that.
  std::optional<std::string> text(const std::string& name) const;
  /// Whether it is set, and needs more of Ansible.
  bool is_computed(const std::string& name) const;
  /// The value with what "{{ name }}" alone stands for.
  const Value* followed(const std::string& name) const;

  const std::map<std::string, const Value*>& all() const { return vars_; }
  const std::string& host() const { return host_; }

 private:
  friend class AnsibleScope;

  std::optional<std::string> render(const std::string& text, int depth) const;
  std::optional<std::string> expression(const std::string& text, int depth) const;

  std::string host_;
  std::string folder_;
  std::map<std::string, const Value*> vars_;
};

/// Who inherits from whom in an inventory, which must outlive it.
class AnsibleScope {
 public:
  explicit AnsibleScope(const AnsibleInventory& inventory);

  HostScope of(const std::string& host) const;
  /// The groups that the host is in, by itself or by their children; the least particular first.
  std::vector<std::string> groups_of(const std::string& host) const;

 private:
  int depth_of(const std::string& group, int guard);
  void add_with_parents(const std::string& group, std::set<std::string>& groups) const;

  const AnsibleInventory& inventory_;
  std::map<std::string, std::vector<std::string>> parents_;
  std::map<std::string, int> depths_;
  std::map<std::string, std::vector<std::string>> own_groups_;  ///< of each host
};

}  // namespace muster
