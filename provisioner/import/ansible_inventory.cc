#include "provisioner/import/ansible_inventory.h"

#include <algorithm>

namespace muster {

AnsibleInventory::AnsibleInventory() { group("all"); }

AnsibleGroup& AnsibleInventory::group(const std::string& name) {
  auto [at, fresh] = group_at_.try_emplace(name, groups_.size());
  if (fresh) groups_.push_back({name, {}, {}, {}, {}});
  return groups_[at->second];
}

const AnsibleGroup* AnsibleInventory::find_group(const std::string& name) const {
  auto at = group_at_.find(name);
  return at == group_at_.end() ? nullptr : &groups_[at->second];
}

AnsibleVars& AnsibleInventory::host(const std::string& name) {
  auto [at, fresh] = host_vars_.try_emplace(name);
  if (fresh) hosts_.push_back(name);
  return at->second;
}

const AnsibleVars* AnsibleInventory::find_host(const std::string& name) const {
  auto at = host_vars_.find(name);
  return at == host_vars_.end() ? nullptr : &at->second;
}

void AnsibleInventory::add_host(AnsibleGroup& group, const std::string& host_name) {
  host(host_name);
  if (group.known.insert(host_name).second) group.hosts.push_back(host_name);
}

void AnsibleInventory::add_child(AnsibleGroup& group, const std::string& child) {
  auto& children = group.children;
  if (std::find(children.begin(), children.end(), child) == children.end()) {
    children.push_back(child);
  }
}

/// Itself first, then level by level.
std::vector<std::string> AnsibleInventory::descendants(const std::string& name) const {
  std::vector<std::string> found{name};
  std::set<std::string> seen{name};
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto* next = find_group(found[i]);
    if (next == nullptr) continue;
    for (const auto& child : next->children) {
      if (seen.insert(child).second) found.push_back(child);
    }
  }
  return found;
}

std::vector<std::string> AnsibleInventory::members(const std::string& name) const {
  if (name == "all") return hosts_;
  std::vector<std::string> found;
  std::set<std::string> seen;
  for (const auto& part : descendants(name)) {
    const auto* next = find_group(part);
    if (next == nullptr) continue;
    for (const auto& member : next->hosts) {
      if (seen.insert(member).second) found.push_back(member);
    }
  }
  return found;
}

bool AnsibleInventory::contains_itself(const std::string& name) const {
  for (const auto& part : descendants(name)) {
    const auto* next = find_group(part);
    if (next == nullptr) continue;
    const auto& children = next->children;
    if (std::find(children.begin(), children.end(), name) != children.end()) return true;
  }
  return false;
}

}  // namespace muster
