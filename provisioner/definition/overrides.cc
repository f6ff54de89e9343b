#include "provisioner/definition/overrides.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "provisioner/definition/names.h"

namespace muster {

namespace {

/// Splits "a.b.0" at its dots; "\"x.y\"" is one part. Empty when a part is.
std::vector<std::string> path_parts(std::string_view path) {
  std::vector<std::string> parts(1);
  bool in_quotes = false;
  for (char c : path) {
    if (c == '"') {
      in_quotes = !in_quotes;
    } else if (c == '.' && !in_quotes) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  bool good = !in_quotes && std::none_of(parts.begin(), parts.end(),
                                         [](const std::string& part) { return part.empty(); });
  return good ? parts : std::vector<std::string>{};
}

void place_at(Value& value, Position at) {
  value.at = at;
  for (auto& item : value.items) place_at(item, at);
  for (auto& member : value.members) {
    member.at = at;
    place_at(member.value, at);
  }
}

/// JSON when it is JSON, else text.
Value override_value(const std::string& text, Position at) {
  Diagnostics ignored;
  Value value = parse_value(text, false, ignored);
  if (!ignored.empty()) value = Value::of(text);
  place_at(value, at);
  return value;
}

std::string quoted(const std::string& text) { return "'" + text + "'"; }

/// The value inside `parent` that `part` names, made when it can be; else says why not.
Value* step_into(Value& parent, const std::string& part, Position at, std::string& problem) {
  if (parent.kind == Value::Kind::null) {
    parent.kind = Value::Kind::object;
    parent.at = at;
  }
  if (parent.is_list()) {
    std::size_t index = 0;
    auto [end, failure] = std::from_chars(part.data(), part.data() + part.size(), index);
    bool number = failure == std::errc{} && end == part.data() + part.size();
    if (number && index < parent.items.size()) return &parent.items[index];
    problem = quoted(part) + " is no number of an item: there are " +
              std::to_string(parent.items.size()) + ", counted from 0";
    return nullptr;
  }
  if (!parent.is_object()) {
    problem = "there is no " + quoted(part) + " inside " + describe(parent.kind);
    return nullptr;
  }
  for (auto& member : parent.members) {
    if (member.key == part) return &member.value;
  }
  parent.members.push_back({part, at, {}});
  return &parent.members.back().value;
}

std::string set_value(Value& root, const std::string& assignment, Position at) {
  auto equals = assignment.find('=');
  auto parts = path_parts(assignment.substr(0, equals));
  if (equals == std::string::npos || parts.empty()) {
    return "write it as path=value, e.g. attribs.k8s-version=v1.37.2";
  }
  Value* target = &root;
  for (const auto& part : parts) {
    std::string problem;
    target = step_into(*target, part, at, problem);
    if (target == nullptr) return problem;
  }
  *target = override_value(assignment.substr(equals + 1), at);
  return "";
}

void remove_member(Value& object, std::string_view key) {
  std::erase_if(object.members, [&](const Value::Member& member) { return member.key == key; });
}

/// Whether `object` has a "provider" of the kind that `name` is of.
bool has_provider(const Value& object, const std::string& name) {
  const auto* provider = object.find("provider");
  const auto* named = provider == nullptr ? nullptr : provider->find("name");
  return named != nullptr && named->is_string() &&
         provider_kind(named->text) == provider_kind(name);
}

/// Hints are of one kind of provider, so those of another one go with it.
void replace_provider(Value& root, const std::string& name, Position at) {
  bool same = has_provider(root, name);
  for (auto& member : root.members) {
    if (member.key != "nodes") continue;
    for (auto& block : member.value.items) {
      if (block.find("provider") == nullptr ? same : has_provider(block, name)) continue;
      remove_member(block, "provider");
      remove_member(block, "hints");
    }
  }
  if (same) return;
  remove_member(root, "provider");
  Value provider;
  provider.kind = Value::Kind::object;
  provider.members.push_back({"name", at, Value::of(name)});
  place_at(provider, at);
  root.members.push_back({"provider", at, std::move(provider)});
}

/// A name that is missing or no text is a mistake that the checks report.
void extend_name(Value& root, const std::string& suffix, Position at) {
  for (auto& member : root.members) {
    if (member.key != "name" || !member.value.is_string() || member.value.text.empty()) continue;
    member.value = Value::of(member.value.text + "-" + suffix);
    place_at(member.value, at);
  }
}

}  // namespace

Position override_position(std::size_t index) { return {0, static_cast<int>(index) + 1}; }

std::string override_name(Position at, const Overrides& overrides) {
  if (at.line != 0 || at.column <= 0) return "";
  auto index = static_cast<std::size_t>(at.column) - 1;
  if (index > overrides.set.size()) return "--name-suffix " + overrides.name_suffix.value_or("");
  if (index == overrides.set.size()) return "--provider " + overrides.provider.value_or("");
  const auto& assignment = overrides.set[index];
  return "--set " + assignment.substr(0, assignment.find('='));
}

void apply_overrides(Value& root, const Overrides& overrides,
                     const std::function<void(Position, std::string)>& report) {
  if (!root.is_object()) return;
  for (std::size_t i = 0; i < overrides.set.size(); ++i) {
    auto at = override_position(i);
    auto problem = set_value(root, overrides.set[i], at);
    if (!problem.empty()) report(at, problem);
  }
  if (overrides.provider) {
    replace_provider(root, *overrides.provider, override_position(overrides.set.size()));
  }
  if (overrides.name_suffix) {
    extend_name(root, *overrides.name_suffix, override_position(overrides.set.size() + 1));
  }
}

std::string provider_kind(const std::string& name) {
  constexpr std::string_view kSuffix = "-provider";
  bool suffixed = name.ends_with(kSuffix) && name.size() > kSuffix.size();
  return suffixed ? name.substr(0, name.size() - kSuffix.size()) : name;
}

}  // namespace muster
