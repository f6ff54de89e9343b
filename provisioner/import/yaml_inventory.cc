// Inventories in YAML form: groups with "hosts", "children" and "vars".
#include "provisioner/definition/names.h"
#include "provisioner/import/ansible_inventory.h"
#include "provisioner/import/words.h"
#include "provisioner/import/yaml.h"

namespace muster {

namespace {

using Kind = Value::Kind;

class YamlInventory {
 public:
  YamlInventory(AnsibleInventory& inventory, Diagnostics& diagnostics)
      : inventory_(inventory), diagnostics_(diagnostics) {}

  void read_group(const std::string& name, const Value& value, Position at) {
    inventory_.group(name);
    if (!expect(value, "the group " + shown(name), at)) return;
    for (const auto& [key, key_at, part] : value.members) {
      if (key == "hosts") {
        if (expect(part, "'hosts' of " + name, key_at)) read_hosts(name, part);
      } else if (key == "children") {
        if (expect(part, "'children' of " + name, key_at)) read_children(name, part);
      } else if (key == "vars") {
        if (expect(part, "'vars' of " + name, key_at)) take(part, inventory_.group(name).vars);
      } else {
        diagnostics_.warning(key_at, "a group has no " + shown(key) + ": it is passed over",
                             "it has hosts, children and vars");
      }
    }
  }

 private:
  /// Whether it is an object; nothing at all is fine too.
  bool expect(const Value& value, const std::string& what, Position at) {
    if (value.is_object()) return true;
    if (value.kind != Kind::null) {
      diagnostics_.error(value.at.line == 0 ? at : value.at,
                         what + " must be an object, not " + describe(value.kind),
                         "e.g. \"hosts: {node1: {ansible_host: 10.0.0.11}}\"");
    }
    return false;
  }

  void read_hosts(const std::string& group, const Value& hosts) {
    for (const auto& [pattern, at, vars] : hosts.members) {
      auto expanded = expand_names(pattern);
      if (!expanded.problem.empty()) {
        diagnostics_.error(
            at, "the range in " + shown(pattern) + " cannot be read: " + expanded.problem,
            "e.g. node[01:10]");
      }
      bool has_vars = expect(vars, "the host " + shown(pattern), at);
      for (const auto& name : expanded.names) {
        inventory_.add_host(inventory_.group(group), name);
        if (has_vars) take(vars, inventory_.host(name));
      }
    }
  }

  void read_children(const std::string& group, const Value& children) {
    for (const auto& [name, at, child] : children.members) {
      AnsibleInventory::add_child(inventory_.group(group), name);
      read_group(name, child, at);
    }
  }

  static void take(const Value& from, AnsibleVars& vars) {
    for (const auto& member : from.members) vars[member.key] = member.value;
  }

  AnsibleInventory& inventory_;
  Diagnostics& diagnostics_;
};

}  // namespace

void read_yaml_inventory(std::string_view text, AnsibleInventory& inventory,
                         Diagnostics& diagnostics) {
  auto root = read_ansible_yaml(text, diagnostics);
  if (diagnostics.has_errors()) return;
  if (!root.is_object()) {
    diagnostics.error(root.at, "an inventory is an object, not " + describe(root.kind),
                      "e.g. \"all: {hosts: {node1: {ansible_host: 10.0.0.11}}}\"");
    return;
  }
  YamlInventory reader(inventory, diagnostics);
  for (const auto& [name, at, group] : root.members) reader.read_group(name, group, at);
}

}  // namespace muster
