#include <algorithm>

#include "provisioner/base/text.h"
#include "provisioner/definition/attribs.h"
#include "provisioner/definition/check.h"
#include "provisioner/releases/check.h"

namespace muster {

namespace {

using Kind = Value::Kind;

bool equals_fallback(const Value& value, const AttribRule& rule) {
  return !rule.fallback.empty() && attrib_text(value) == rule.fallback;
}

NameProblem check_format(AttribFormat format, std::string_view text) {
  switch (format) {
    case AttribFormat::path:
      return check_path(text);
    case AttribFormat::domain:
      return check_domain(text);
    case AttribFormat::login:
      return check_login(text);
    default:
      return {};
  }
}

}  // namespace

std::vector<Value::Member> Checker::read_attribs(const Value& attribs, bool cluster_wide) {
  std::vector<Value::Member> read;
  for (const auto& member : attribs.members) {
    if (!check_attrib(member, cluster_wide)) continue;
    auto canonical = member;
    const auto* rule = find_attrib(member.key);
    if (!rule->alias_of.empty()) {
      canonical.key = rule->alias_of;
      if (attribs.find(rule->alias_of) != nullptr) {
        error(member.at,
              "'" + member.key + "' is another name of '" + rule->alias_of + "', which is set too",
              "remove one of them");
      }
    }
    read.push_back(std::move(canonical));
  }
  return read;
}

void Checker::take_defaults() {
  for (const auto& rule : attrib_rules()) {
    if (!rule.alias_of.empty() || !rule.replaced_by.empty() || rule.secret) continue;
    if (std::ranges::find(definition_.attribs, rule.name, &Value::Member::key) !=
        definition_.attribs.end()) {
      continue;
    }
    auto former = rules_.defaults.find(rule.name);
    const auto& text = former == rules_.defaults.end() ? rule.fallback : former->second;
    if (!text.empty()) definition_.defaults[rule.name] = text;
    if (text == rule.fallback) continue;
    Value::Member member{rule.name, {}, attrib_value(rule, text)};
    if (check_attrib(member, true)) definition_.attribs.push_back(std::move(member));
  }
}

bool Checker::check_attrib(const Value::Member& member, bool cluster_wide) {
  const auto* rule = find_attrib(member.key);
  if (rule == nullptr) {
    std::vector<std::string> names;
    for (const auto& known : attrib_rules()) names.push_back(known.name);
    auto near = nearest(member.key, names);
    error(member.at, "unknown attrib " + shown(member.key),
          near ? "did you mean '" + *near + "'?" : "docs/definition.md lists them all");
    return false;
  }
  if (!check_attrib_kind(member, rule->kind)) return false;
  if (!rule->choices.empty() && !check_choice(member)) return true;
  if (rule->kind == Kind::integer &&
      (member.value.integer < rule->least || member.value.integer > rule->most)) {
    error(member.value.at, "'" + member.key + "' is " + std::to_string(member.value.integer) +
                               ", outside " + std::to_string(rule->least) + " to " +
                               std::to_string(rule->most));
  }
  check_attrib_text(member);
  if (cluster_wide && !rule->replaced_by.empty() && !equals_fallback(member.value, *rule)) {
    warn(member.at, "'" + member.key + "' has no effect: " + rule->replaced_by);
  }
  return true;
}

bool Checker::check_attrib_kind(const Value::Member& member, Kind kind) {
  bool number = member.value.kind == Kind::integer || member.value.kind == Kind::number;
  // Releases such as 1.12 are often written without quotes.
  if (member.value.kind == kind || (kind == Kind::string && number)) return true;
  error(member.value.at,
        "'" + member.key + "' must be " + describe(kind) + ", not " + describe(member.value.kind),
        quotes_hint({kind}, member.value));
  return false;
}

void Checker::check_attrib_text(const Value::Member& member) {
  const auto* rule = find_attrib(member.key);
  const auto& value = member.value;
  if (rule->format == AttribFormat::version) check_version(value);
  if (rule->format == AttribFormat::cidr) check_network(member);
  name_error(check_format(rule->format, value.text), value.at,
             "'" + member.key + "' " + shown(value.text));
}

void Checker::check_version(const Value& value) {
  auto check = check_kubernetes_version(value.text, rules_.today);
  auto hint = "use --set attribs.k8s-version=" + check.instead;
  for (const auto& warning : check.warnings) warn(value.at, warning, hint);
  if (check.problem.empty()) return;
  if (is_kubernetes_version(value.text)) {
    flaw(value.at, check.problem, hint);
  } else {
    error(value.at,
          shown(value.text) + " is no Kubernetes version such as " +
              find_attrib("k8s-version")->fallback,
          hint);
  }
}

void Checker::check_network(const Value::Member& member) {
  const auto& value = member.value;
  auto cidr = parse_cidr(value.text);
  auto rounded = parse_cidr(value.text, false);
  if (!rounded) {
    error(value.at, "'" + member.key + "' " + shown(value.text) +
                        " is no IPv4 network such as 10.233.0.0/18");
    return;
  }
  if (!cidr) {
    error(value.at, "'" + member.key + "' " + value.text + " is an address inside a network",
          "did you mean " + rounded->text() + "?");
    return;
  }
  // kube-apiserver takes at most 20 host bits for Services; DNS needs their tenth address.
  bool services = member.key == "k8s-kube_service_addresses";
  int shortest = services ? 12 : 8;
  int longest = 28;
  auto first = cidr->network >> 24;
  if (first == 0 || first == 127 || first >= 224) {
    error(value.at, "'" + member.key + "' " + value.text + " is no network that hosts can use",
          "use a private one, e.g. 10.233.0.0/18");
  } else if (cidr->bits < shortest || cidr->bits > longest) {
    error(value.at, "'" + member.key + "' " + value.text + " must be between /" +
                        std::to_string(shortest) + " and /" + std::to_string(longest));
  }
}

bool Checker::check_choice(const Value::Member& member) {
  const auto& choices = find_attrib(member.key)->choices;
  const auto& value = member.value;
  if (std::find(choices.begin(), choices.end(), value.text) == choices.end()) {
    auto near = nearest(value.text, choices);
    error(value.at, "'" + member.key + "' cannot be " + shown(value.text),
          near ? "did you mean '" + *near + "'?" : "it can be " + join(choices, ", "));
    return false;
  }
  if (member.key == "k8s-kube_network_plugin") {
    check_network_plugin(value);
  } else if (member.key == "k8s-dns_mode" && value.text.ends_with("kubedns")) {
    warn(value.at, "the DNS mode '" + value.text + "' means coredns, which replaced it",
         "write coredns");
  }
  return true;
}

void Checker::check_network_plugin(const Value& value) {
  if (value.text == "bridge" || value.text == "none") return;
  flaw(value.at, "network plugin '" + value.text + "' is not available in this version",
       "use --set attribs.k8s-kube_network_plugin=bridge");
}

}  // namespace muster
