#pragma once

#include <string>
#include <vector>

#include "provisioner/definition/definition.h"

namespace muster::testing {

inline Role role(std::string name, std::vector<std::string> needs = {},
                 std::vector<std::string> after = {}, bool internal = false) {
  Role made;
  made.name = std::move(name);
  made.needs = std::move(needs);
  made.after = std::move(after);
  made.internal = internal;
  return made;
}

/// Roles of the shape of the built-in ones.
inline const std::vector<Role>& roles() {
  static const std::vector<Role> all = {role("base", {}, {}, true),
                                        role("etcd", {"base"}),
                                        role("k8s-node", {"base"}, {"etcd"}, true),
                                        role("network-bridge", {"k8s-node"}, {}, true),
                                        role("k8s-master", {"k8s-node"}, {"etcd"}),
                                        role("k8s-worker", {"k8s-node"}, {"etcd"}),
                                        role("k8s-addons", {}, {"k8s-master"})};
  return all;
}

inline DefinitionRules rules() { return {roles(), {"local"}}; }

/// A small definition that is right, with `more` members put in front ("\"tld\": \"a.b\",").
inline std::string definition(const std::string& more = "",
                              const std::string& nodes = R"([{"roles": ["etcd", "k8s-master"]}])") {
  return "{" + more + "\n\"name\": \"demo\",\n\"nodes\": " + nodes + "}\n";
}

inline DefinitionResult parse(const std::string& text, const Overrides& overrides = {},
                              const std::string& file = "demo.json") {
  return parse_definition(file, text, overrides, rules());
}

/// "error 3:4: message (hint)" lines in the order of the checks.
inline std::string mistakes(const Diagnostics& diagnostics) {
  std::string out;
  for (const auto& item : diagnostics.items()) {
    out += item.severity == Severity::error ? "error" : "warning";
    if (item.at.line > 0) {
      out += " " + std::to_string(item.at.line) + ":" + std::to_string(item.at.column);
    }
    out += ": " + item.message;
    if (!item.hint.empty()) out += " (" + item.hint + ")";
    out += "\n";
  }
  return out;
}

inline std::string mistakes(const std::string& text, const Overrides& overrides = {},
                            const std::string& file = "demo.json") {
  return mistakes(parse(text, overrides, file).diagnostics);
}

}  // namespace muster::testing
