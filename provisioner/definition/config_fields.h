#pragma once

#include <map>
#include <optional>
#include <string>

#include "provisioner/definition/value.h"

namespace muster {

/// What a program's configuration file may have at some place, by the Go types of a release
/// (roles/fields).
struct ConfigField {
  /// As Go calls it ("string", "bool", "int32", ...), or "object", "list", "map", "duration",
  /// "any".
  std::string kind;
  /// Of an object by their names; what each item of a list and each value of a map is, by "*".
  std::map<std::string, ConfigField> fields;
};

/// The whole file of "kubelet" or "kube-proxy", an object. Nothing when there is no list for the
/// minor release ("v1.37") or it lacks the component.
std::optional<ConfigField> config_fields(const std::string& minor, const std::string& component);

/// What a value of a ConfigField's kind is in JSON; "any" is none of these.
Value::Kind json_kind(const std::string& kind);

/// What must stand where a field of the kind is: "a whole number"; empty: `value` is fine.
std::string wanted_in_config(const std::string& kind, const Value& value);

}  // namespace muster
