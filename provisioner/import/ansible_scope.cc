#include "provisioner/import/ansible_scope.h"

#include <algorithm>
#include <cctype>

#include "provisioner/base/text.h"
#include "provisioner/definition/attribs.h"

namespace muster {

namespace {

constexpr int kDeepestNaming = 16;  // of variables that name each other

bool is_identifier(const std::string& text) {
  bool first =
      !text.empty() && (std::isalpha(static_cast<unsigned char>(text[0])) != 0 || text[0] == '_');
  return first && std::all_of(text.begin(), text.end(),
                              [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

}  // namespace

const Value* HostScope::find(const std::string& name) const {
  auto at = vars_.find(name);
  bool set = at != vars_.end() && at->second->kind != Value::Kind::null;
  return set ? at->second : nullptr;
}

/// Of "inventory_hostname", or of any variable.
std::optional<std::string> HostScope::expression(const std::string& text, int depth) const {
  if (text == "inventory_hostname") return host_;
  if (text == "inventory_dir") return folder_;
  if (!is_identifier(text)) return std::nullopt;
  const auto* value = find(text);
  if (value == nullptr || value->is_list() || value->is_object()) return std::nullopt;
  return render(attrib_text(*value), depth + 1);
}

std::optional<std::string> HostScope::render(const std::string& text, int depth) const {
  if (depth > kDeepestNaming || text.find("{%") != std::string::npos) return std::nullopt;
  std::string out;
  std::size_t start = 0;
  for (;;) {
    auto open = text.find("{{", start);
    out += text.substr(start, open == std::string::npos ? open : open - start);
    if (open == std::string::npos) return out;
    auto close = text.find("}}", open);
    if (close == std::string::npos) return std::nullopt;
    auto value = expression(trim(text.substr(open + 2, close - open - 2)), depth);
    if (!value) return std::nullopt;
    out += *value;
    start = close + 2;
  }
}

std::optional<std::string> HostScope::text(const std::string& name) const {
  const auto* value = find(name);
  if (value == nullptr || value->is_list() || value->is_object()) return std::nullopt;
  return render(attrib_text(*value), 0);
}

bool HostScope::is_computed(const std::string& name) const {
  const auto* value = find(name);
  return value != nullptr && value->is_string() && !render(value->text, 0);
}

const Value* HostScope::followed(const std::string& name) const {
  const auto* value = find(name);
  for (int depth = 0; value != nullptr && value->is_string() && depth < kDeepestNaming; ++depth) {
    auto text = trim(value->text);
    if (!text.starts_with("{{") || !text.ends_with("}}")) break;
    auto inside = trim(text.substr(2, text.size() - 4));
    if (!is_identifier(inside) || find(inside) == nullptr) break;
    value = find(inside);
  }
  return value;
}

AnsibleScope::AnsibleScope(const AnsibleInventory& inventory) : inventory_(inventory) {
  for (const auto& group : inventory.groups()) {
    for (const auto& child : group.children) parents_[child].push_back(group.name);
    for (const auto& host : group.hosts) own_groups_[host].push_back(group.name);
  }
  for (const auto& group : inventory.groups()) depth_of(group.name, 0);
}

/// "all" is 0, its children 1, ...; `guard` ends circles.
int AnsibleScope::depth_of(const std::string& group, int guard) {
  if (group == "all") return depths_[group] = 0;
  auto known = depths_.find(group);
  if (known != depths_.end()) return known->second;
  int depth = 1;
  for (const auto& parent : parents_[group]) {
    if (guard < 100) depth = std::max(depth, depth_of(parent, guard + 1) + 1);
  }
  return depths_[group] = depth;
}

void AnsibleScope::add_with_parents(const std::string& group, std::set<std::string>& groups) const {
  if (!groups.insert(group).second) return;
  auto parents = parents_.find(group);
  if (parents == parents_.end()) return;
  for (const auto& parent : parents->second) add_with_parents(parent, groups);
}

std::vector<std::string> AnsibleScope::groups_of(const std::string& host) const {
  std::set<std::string> groups{"all"};
  auto own = own_groups_.find(host);
  if (own != own_groups_.end()) {
    for (const auto& group : own->second) add_with_parents(group, groups);
  }
  std::vector<std::string> sorted(groups.begin(), groups.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](const auto& a, const auto& b) { return depths_.at(a) < depths_.at(b); });
  return sorted;
}

HostScope AnsibleScope::of(const std::string& host) const {
  HostScope scope;
  scope.host_ = host;
  scope.folder_ = inventory_.folder.string();
  auto take = [&](const AnsibleVars& vars) {
    for (const auto& [name, value] : vars) scope.vars_[name] = &value;
  };
  const auto groups = groups_of(host);
  for (const auto& group : groups) {
    if (const auto* found = inventory_.find_group(group)) take(found->vars);
  }
  for (const auto& group : groups) {
    auto files = inventory_.group_files.find(group);
    if (files != inventory_.group_files.end()) take(files->second);
  }
  if (const auto* own = inventory_.find_host(host)) take(*own);
  auto files = inventory_.host_files.find(host);
  if (files != inventory_.host_files.end()) take(files->second);
  return scope;
}

}  // namespace muster
