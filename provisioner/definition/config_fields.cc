#include "provisioner/definition/config_fields.h"

#include <sstream>

#include "provisioner/base/resources.h"
#include "provisioner/base/text.h"
#include "provisioner/definition/component_flags.h"

namespace muster {

std::optional<ConfigField> config_fields(const std::string& minor, const std::string& component) {
  auto list = find_resource("roles/fields/" + minor + ".txt");
  if (!list) return std::nullopt;
  ConfigField file{"object", {}};
  for (const auto& line : split(*list, '\n')) {
    std::istringstream words(line);
    std::string whose, path, kind;
    words >> whose >> path >> kind;
    if (whose != component) continue;
    auto* field = &file;
    for (const auto& name : split(path, '.')) field = &field->fields[name];
    field->kind = kind;
  }
  if (file.fields.empty()) return std::nullopt;
  return file;
}

Value::Kind json_kind(const std::string& kind) {
  using Kind = Value::Kind;
  if (kind == "list") return Kind::list;
  if (kind == "object" || kind == "map") return Kind::object;
  if (kind == "bool") return Kind::boolean;
  if (kind == "string" || kind == "duration") return Kind::string;
  return kind.starts_with("float") ? Kind::number : Kind::integer;
}

std::string wanted_in_config(const std::string& kind, const Value& value) {
  using Kind = Value::Kind;
  // Go leaves a field as it is that null is given for.
  if (kind == "any" || value.kind == Kind::null) return "";
  const auto wanted = json_kind(kind);
  if (kind == "duration" || wanted == Kind::integer) {
    return wanted_instead(kind, value.kind == wanted ? value.text : "");
  }
  bool fits = value.kind == wanted || (wanted == Kind::number && value.kind == Kind::integer);
  return fits ? "" : describe(wanted);
}

}  // namespace muster
