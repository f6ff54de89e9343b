// What is added to the flags and configuration files of single programs.
#include <algorithm>

#include "provisioner/base/text.h"
#include "provisioner/definition/attribs.h"
#include "provisioner/definition/check.h"
#include "provisioner/definition/component_flags.h"
#include "provisioner/releases/version.h"

namespace muster {

namespace {

using Kind = Value::Kind;

constexpr std::string_view kWithConfig[] = {"kubelet", "kube-proxy"};

bool is_scalar(const Value& value) {
  return value.is_string() || value.kind == Kind::boolean || value.kind == Kind::integer ||
         value.kind == Kind::number;
}

}  // namespace

std::string Checker::minor() const {
  auto version = parse_version(attrib("k8s-version").text);
  return version ? version->minor_text() : "";
}

bool Checker::check_component(const Value::Member& member, std::span<const std::string> known) {
  if (std::ranges::find(known, member.key) != known.end()) return true;
  auto near = nearest(member.key, known);
  error(member.at, "there is no program " + shown(member.key) + " to set",
        near ? "did you mean '" + *near + "'?" : "there are " + join(known, ", "));
  return false;
}

void Checker::read_extra_args(const Value& args) {
  const std::vector<std::string> known(std::begin(kComponents), std::end(kComponents));
  for (const auto& member : args.members) {
    if (!check_component(member, known)) continue;
    if (!member.value.is_object()) {
      error(
          member.value.at,
          "the flags of '" + member.key + "' must be an object, not " + describe(member.value.kind),
          "e.g. {\"feature-gates\": \"Name=true\"}");
      continue;
    }
    auto flags = ComponentFlags::of(minor(), member.key);
    if (!flags) {
      warn(member.at, "the flags of '" + member.key +
                          "' are unchecked: muster has no list of those of " + minor() + "'s " +
                          member.key);
    }
    for (const auto& flag : member.value.members) {
      read_flag(member.key, flag, flags ? &*flags : nullptr);
    }
  }
}

void Checker::read_flag(const std::string& component, const Value::Member& flag,
                        const ComponentFlags* known) {
  if (!check_flag_name(component, flag, known)) return;
  auto& args = definition_.programs.components[component].args;
  const auto& values = flag.value.is_list() ? flag.value.items : std::vector{flag.value};
  for (const auto& value : values) {
    if (!is_scalar(value)) {
      error(value.at, "the flag '" + flag.key +
                          "' must be a string, a number, true, false or a list "
                          "of these, not " +
                          describe(value.kind));
      continue;
    }
    auto text = attrib_text(value);
    if (std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; })) {
      error(value.at, "the flag '" + flag.key + "' has a control character in its value");
    } else if (known != nullptr) {
      check_flag_value(flag.key, value, *known);
    }
    args.emplace_back(flag.key, text);
  }
}

bool Checker::check_flag_name(const std::string& component, const Value::Member& flag,
                              const ComponentFlags* known) {
  const auto& name = flag.key;
  if (name.starts_with('-') && name.find_first_not_of('-') != std::string::npos) {
    error(flag.at, "the flag " + shown(name) + " is written without dashes here",
          "write " + shown(name.substr(name.find_first_not_of('-'))));
    return false;
  }
  if (name.empty() ||
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != name.npos) {
    error(flag.at, shown(name) + " is no flag", "lower case letters, digits and '-'");
    return false;
  }
  const auto own = own_flags(component);
  bool is_own = std::ranges::find(own, name) != own.end() && !may_be_given_again(name);
  if (is_own || stands_in_own_file(component, name) || name.starts_with("oidc-")) {
    auto elsewhere = set_instead(name);
    error(flag.at, "the flag '" + name + "' of " + component + " is set by muster",
          elsewhere.empty() ? "the cluster works with that value only" : "set it by " + elsewhere);
    return false;
  }
  if (known == nullptr) return true;
  const auto* found = known->find(name);
  if (found == nullptr) {
    auto near = nearest(name, known->names());
    error(flag.at, component + " of " + attrib("k8s-version").text + " has no flag " + shown(name),
          near ? "did you mean '" + *near + "'?" : "see: " + component + " --help");
    return false;
  }
  if (component == "kube-proxy" && found->note == "ignored") {
    error(flag.at, "kube-proxy ignores the flag '" + name + "' beside its configuration file",
          "set it by extra_config");
    return false;
  }
  if (component == "kubelet" && found->note == "deprecated") {
    warn(flag.at, "the flag '" + name + "' of kubelet is deprecated", "set it by extra_config");
  }
  return true;
}

void Checker::check_flag_value(const std::string& name, const Value& value,
                               const ComponentFlags& known) {
  auto text = attrib_text(value);
  if (auto wanted = wanted_instead(known.find(name)->kind, text); !wanted.empty()) {
    error(value.at, "the flag '" + name + "' takes " + wanted + ", not " + shown(text));
  }
  if (name != "feature-gates" || known.gates().empty()) return;
  for (const auto& setting : split(text, ',')) {
    auto gate = trim(setting.substr(0, setting.find('=')));
    if (gate.starts_with("kube:")) gate.erase(0, 5);
    check_gate(value.at, gate, known);
  }
}

void Checker::check_gate(Position at, const std::string& gate, const ComponentFlags& known) {
  if (std::ranges::find(known.gates(), gate) != known.gates().end()) return;
  auto near = nearest(gate, known.gates());
  error(at, attrib("k8s-version").text + " has no feature gate " + shown(gate),
        near ? "did you mean '" + *near + "'?" : "those that became usual are gone");
}

void Checker::read_extra_config(const Value& config) {
  const std::vector<std::string> known(std::begin(kWithConfig), std::end(kWithConfig));
  for (const auto& member : config.members) {
    const bool flags_only = std::ranges::find(kComponents, member.key) != std::end(kComponents) &&
                            std::ranges::find(known, member.key) == known.end();
    if (flags_only) {
      error(member.at, "'" + member.key + "' has no configuration file", "set it by extra_args");
      continue;
    }
    if (!check_component(member, known)) continue;
    if (!member.value.is_object()) {
      error(member.value.at, "the configuration of '" + member.key + "' must be an object, not " +
                                 describe(member.value.kind));
      continue;
    }
    check_config(member);
    definition_.programs.components[member.key].config = to_json(member.value);
  }
}

void Checker::check_config(const Value::Member& config) {
  const auto& component = config.key;
  const auto own = own_fields(component);
  const auto known = config_fields(minor(), component);
  // Programs run with a field that they do not know, so one on record is no mistake.
  const bool is_checked = known && !rules_.recorded;
  if (!known) {
    warn(config.at, "the configuration of '" + component +
                        "' is unchecked: muster has no list of the fields of " + minor() + "'s " +
                        component);
  }
  for (const auto& field : config.value.members) {
    if (std::ranges::find(own, field.key) != own.end()) {
      auto elsewhere = set_instead(field.key);
      error(
          field.at, "'" + field.key + "' of " + component + " is set by muster",
          elsewhere.empty() ? "the cluster works with that value only" : "set it by " + elsewhere);
    } else if (is_checked) {
      check_config_field(component, "", *known, field);
    }
  }
  const auto* gates = config.value.find("featureGates");
  const auto flags = ComponentFlags::of(minor(), component);
  if (gates == nullptr || !flags || !is_checked) return;
  for (const auto& gate : gates->members) check_gate(gate.at, gate.key, *flags);
}

void Checker::check_config_field(const std::string& component, const std::string& prefix,
                                 const ConfigField& object, const Value::Member& field) {
  auto found = object.fields.find(object.kind == "map" ? "*" : field.key);
  if (found != object.fields.end()) {
    check_config_value(component, prefix + field.key, found->second, field.value);
    return;
  }
  std::vector<std::string> names;
  for (const auto& [name, other] : object.fields) names.push_back(name);
  auto near = nearest(field.key, names);
  error(field.at,
        component + " of " + attrib("k8s-version").text + " has no field " +
            shown(prefix + field.key),
        near ? "did you mean '" + *near + "'?"
             : "see " + std::string(component == "kubelet" ? "KubeletConfiguration"
                                                           : "KubeProxyConfiguration"));
}

void Checker::check_config_value(const std::string& component, const std::string& path,
                                 const ConfigField& known, const Value& value) {
  if (auto wanted = wanted_in_config(known.kind, value); !wanted.empty()) {
    bool is_scalar_of_kind = value.is_string() == (known.kind == "duration") && is_scalar(value);
    error(value.at,
          shown(path) + " of " + component + " must be " + wanted + ", not " +
              (is_scalar_of_kind ? shown(attrib_text(value)) : describe(value.kind)),
          known.kind == "duration" ? "" : quotes_hint({json_kind(known.kind)}, value));
    return;
  }
  if (known.kind == "any") return;
  for (const auto& item : value.items) {
    check_config_value(component, path + "[]", known.fields.at("*"), item);
  }
  for (const auto& member : value.members) {
    check_config_field(component, path + ".", known, member);
  }
}

}  // namespace muster
