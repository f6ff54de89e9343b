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
    if (std::ranges::find(known.gates(), gate) != known.gates().end()) continue;
    auto near = nearest(gate, known.gates());
    error(value.at, attrib("k8s-version").text + " has no feature gate " + shown(gate),
          near ? "did you mean '" + *near + "'?" : "those that became usual are gone");
  }
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
    const auto own = own_fields(member.key);
    for (const auto& field : member.value.members) {
      if (std::ranges::find(own, field.key) == own.end()) continue;
      auto elsewhere = set_instead(field.key);
      error(
          field.at, "'" + field.key + "' of " + member.key + " is set by muster",
          elsewhere.empty() ? "the cluster works with that value only" : "set it by " + elsewhere);
    }
    definition_.programs.components[member.key].config = to_json(member.value);
  }
}

}  // namespace muster
