#include <algorithm>

#include "provisioner/base/text.h"
#include "provisioner/definition/check.h"

namespace muster {

namespace {

/// A file of garbage has one mistake per line; nobody reads more than this.
constexpr std::size_t kMostReports = 100;

const KeyRule* find_rule(std::span<const KeyRule> rules, std::string_view name) {
  auto rule = std::find_if(rules.begin(), rules.end(),
                           [&](const KeyRule& candidate) { return candidate.name == name; });
  return rule == rules.end() ? nullptr : &*rule;
}

bool allows(const KeyRule& rule, Value::Kind kind) {
  return std::find(rule.kinds.begin(), rule.kinds.end(), kind) != rule.kinds.end();
}

std::string kinds_text(const KeyRule& rule) {
  std::string text;
  for (auto kind : rule.kinds) text += (text.empty() ? "" : " or ") + describe(kind);
  return text;
}

}  // namespace

std::string quotes_hint(const std::vector<Value::Kind>& wanted, const Value& got) {
  auto wants = [&](Value::Kind kind) {
    return std::find(wanted.begin(), wanted.end(), kind) != wanted.end();
  };
  bool number = got.kind == Value::Kind::integer || got.kind == Value::Kind::number;
  if (number && wants(Value::Kind::string)) return "put it in quotes: \"" + got.text + "\"";
  if (got.is_string() && wants(Value::Kind::list))
    return "put it in brackets: [\"" + got.text + "\"]";
  if (!got.is_string() || got.text.empty()) return "";
  bool digits = got.text.find_first_not_of("0123456789") == std::string::npos;
  bool logical = got.text == "true" || got.text == "false";
  if ((digits && wants(Value::Kind::integer)) || (logical && wants(Value::Kind::boolean))) {
    return "remove the quotes";
  }
  return "";
}

void Checker::report(Severity severity, Position at, std::string message, std::string hint) {
  if (++reported_ > kMostReports) {
    if (reported_ == kMostReports + 1) {
      diagnostics_.error(
          {}, "more than " + std::to_string(kMostReports) + " mistakes: the others are not shown");
    }
    return;
  }
  if (auto name = override_name(at, overrides_); !name.empty()) {
    message = name + ": " + message;
    at = {};
  }
  if (severity == Severity::error) {
    diagnostics_.error(at, std::move(message), std::move(hint));
  } else {
    diagnostics_.warning(at, std::move(message), std::move(hint));
  }
}

void Checker::error(Position at, std::string message, std::string hint) {
  plannable_ = false;
  report(Severity::error, at, std::move(message), std::move(hint));
}

void Checker::flaw(Position at, std::string message, std::string hint) {
  report(Severity::error, at, std::move(message), std::move(hint));
}

void Checker::warn(Position at, std::string message, std::string hint) {
  report(Severity::warning, at, std::move(message), std::move(hint));
}

void Checker::name_error(const NameProblem& problem, Position at, const std::string& what) {
  if (problem) error(at, what + " " + problem.message, problem.hint);
}

void Checker::check_keys(const Value& object, std::span<const KeyRule> rules) {
  for (const auto& member : object.members) {
    if (const auto* rule = find_rule(rules, member.key)) {
      check_key(member, *rule);
      continue;
    }
    std::vector<std::string> names;
    for (const auto& rule : rules) {
      if (rule.unavailable.empty() && rule.no_effect.empty()) names.emplace_back(rule.name);
    }
    auto near = nearest(member.key, names);
    error(member.at, "unknown key " + shown(member.key),
          near ? "did you mean '" + *near + "'?" : "the keys here are " + join(names, ", "));
  }
}

void Checker::check_key(const Value::Member& member, const KeyRule& rule) {
  if (!rule.unavailable.empty()) {
    error(member.at, "'" + member.key + "' is not available in this version",
          std::string(rule.unavailable));
    return;
  }
  if (!allows(rule, member.value.kind)) {
    error(
        member.value.at,
        "'" + member.key + "' must be " + kinds_text(rule) + ", not " + describe(member.value.kind),
        member.key == "provider" && member.value.is_string()
            ? "write {\"name\": " + to_json(member.value) + "}"
        : rule.secret ? "put it in quotes"
                      : quotes_hint(rule.kinds, member.value));
    return;
  }
  if (!rule.no_effect.empty()) {
    warn(member.at, "'" + member.key + "' has no effect: " + std::string(rule.no_effect));
  }
}

const Value* Checker::get(const Value& object, std::span<const KeyRule> rules,
                          std::string_view key) const {
  const auto* value = object.find(key);
  const auto* rule = find_rule(rules, key);
  return value != nullptr && rule != nullptr && allows(*rule, value->kind) ? value : nullptr;
}

std::vector<const Value*> Checker::strings(const Value& list, const std::string& key) {
  std::vector<const Value*> found;
  for (const auto& item : list.items) {
    if (item.is_string()) {
      found.push_back(&item);
    } else {
      error(item.at, "an item of '" + key + "' must be a string, not " + describe(item.kind));
    }
  }
  return found;
}

}  // namespace muster
