#include <nlohmann/json.hpp>
#include <string>

#include "provisioner/definition/attribs.h"
#include "provisioner/definition/definition.h"
#include "provisioner/definition/keys.h"

namespace muster {

namespace {

using Json = nlohmann::ordered_json;
using Kind = Value::Kind;

std::string type_name(Kind kind) {
  switch (kind) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return "boolean";
    case Kind::integer:
      return "integer";
    case Kind::number:
      return "number";
    case Kind::string:
      return "string";
    case Kind::list:
      return "array";
    case Kind::object:
      return "object";
  }
  return "";
}

Json types(const std::vector<Kind>& kinds) {
  if (kinds.size() == 1) return type_name(kinds.front());
  Json names = Json::array();
  for (auto kind : kinds) names.push_back(type_name(kind));
  return names;
}

Json key_schema(const KeyRule& rule) {
  Json schema;
  schema["description"] = rule.no_effect.empty()
                              ? std::string(rule.description)
                              : "No effect: " + std::string(rule.no_effect) + ".";
  schema["type"] = types(rule.kinds);
  schema.update(Json::parse("{" + std::string(rule.schema) + "}"));
  return schema;
}

Json object_schema(std::span<const KeyRule> rules, std::vector<std::string> required) {
  Json schema;
  schema["type"] = "object";
  schema["additionalProperties"] = false;
  if (!required.empty()) schema["required"] = required;
  for (const auto& rule : rules) {
    if (rule.unavailable.empty()) schema["properties"][std::string(rule.name)] = key_schema(rule);
  }
  return schema;
}

const char* pattern_of(AttribFormat format) {
  switch (format) {
    case AttribFormat::version:
      return "^v(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)$";
    case AttribFormat::path:
      return "^(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$";
    case AttribFormat::cidr:
      return "^([0-9]{1,3}\\.){3}[0-9]{1,3}/([89]|1[0-9]|2[0-8])$";
    case AttribFormat::domain:
      return "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$";
    case AttribFormat::login:
      return "^[a-z_][-a-z0-9_]{0,31}$";
    case AttribFormat::any:
      break;
  }
  return nullptr;
}

Json fallback_of(const AttribRule& rule) {
  if (rule.kind == Kind::boolean) return rule.fallback == "true";
  if (rule.kind == Kind::integer) return std::stoll(rule.fallback);
  return rule.fallback;
}

Json attrib_schema(const AttribRule& rule) {
  Json schema;
  schema["description"] =
      rule.replaced_by.empty() ? rule.description : "No effect: " + rule.replaced_by + ".";
  const char* pattern = pattern_of(rule.format);
  bool any_text = rule.kind == Kind::string && rule.choices.empty() && pattern == nullptr;
  schema["type"] = any_text ? types({Kind::string, Kind::number}) : types({rule.kind});
  if (!rule.choices.empty()) schema["enum"] = rule.choices;
  if (pattern != nullptr) schema["pattern"] = pattern;
  if (rule.kind == Kind::integer) {
    schema["minimum"] = rule.least;
    schema["maximum"] = rule.most;
  }
  if (rule.replaced_by.empty() && rule.alias_of.empty()) schema["default"] = fallback_of(rule);
  return schema;
}

Json attribs_schema() {
  Json schema;
  schema["type"] = "object";
  schema["additionalProperties"] = false;
  for (const auto& rule : attrib_rules()) schema["properties"][rule.name] = attrib_schema(rule);
  return schema;
}

}  // namespace

std::string definition_schema() {
  Json schema;
  schema["$schema"] = "http://json-schema.org/draft-07/schema#";
  schema["title"] = "muster cluster definition";
  schema.update(object_schema(top_keys(), {"name", "nodes"}));
  schema["definitions"]["provider"] = object_schema(provider_keys(), {});
  schema["definitions"]["nodes"] = object_schema(node_keys(), {"roles"});
  schema["definitions"]["attribs"] = attribs_schema();
  schema["definitions"]["registry"] = object_schema(registry_keys(), {});
  schema["definitions"]["registry_auth"] = object_schema(registry_auth_keys(), {"username"});
  schema["definitions"]["proxy"] = object_schema(proxy_keys(), {});
  schema["definitions"]["audit"] = object_schema(audit_keys(), {});
  schema["definitions"]["audit_webhook"] = object_schema(audit_webhook_keys(), {"url"});
  schema["definitions"]["authentication"] = object_schema(authentication_keys(), {"oidc"});
  schema["definitions"]["oidc"] = object_schema(oidc_keys(), {"issuer", "audiences"});
  schema["definitions"]["oidc_mapping"] = object_schema(oidc_mapping_keys(), {});
  return schema.dump(2) + "\n";
}

}  // namespace muster
