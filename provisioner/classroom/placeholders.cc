#include "provisioner/classroom/placeholders.h"

#include <algorithm>
#include <optional>

#include "provisioner/base/text.h"

namespace muster {

namespace {

/// Calls `plain` for what is outside of {{...}} and `inside` for what is in them, in their order.
void walk(std::string_view text, const std::function<void(std::string_view)>& plain,
          const std::function<void(std::string_view whole, const std::string& name)>& inside) {
  for (;;) {
    auto open = text.find("{{");
    auto close = open == std::string_view::npos ? open : text.find("}}", open);
    if (close == std::string_view::npos) break;
    plain(text.substr(0, open));
    inside(text.substr(open, close + 2 - open), trim(text.substr(open + 2, close - open - 2)));
    text.remove_prefix(close + 2);
  }
  plain(text);
}

std::optional<std::string> meaning(const std::string& name, const Student& student) {
  if (name == "student") return student.id;
  if (name == "name") return student.name;
  if (name == "email") return student.email;
  if (name == "ssh_key") return student.ssh_key;
  return std::nullopt;
}

}  // namespace

std::vector<std::string> placeholder_names() { return {"student", "name", "email", "ssh_key"}; }

std::vector<std::string> placeholders_in(std::string_view text) {
  std::vector<std::string> names;
  walk(
      text, [](std::string_view) {},
      [&](std::string_view, const std::string& name) { names.push_back(name); });
  return names;
}

void each_placeholder(const Value& value,
                      const std::function<void(const std::string&, Position)>& visit) {
  if (value.is_string()) {
    for (const auto& name : placeholders_in(value.text)) visit(name, value.at);
  }
  for (const auto& item : value.items) each_placeholder(item, visit);
  for (const auto& member : value.members) {
    for (const auto& name : placeholders_in(member.key)) visit(name, member.at);
    each_placeholder(member.value, visit);
  }
}

bool uses_placeholder(const Value& value, std::string_view name) {
  bool used = false;
  each_placeholder(value,
                   [&](const std::string& found, Position) { used = used || found == name; });
  return used;
}

std::string filled(std::string_view text, const Student& student) {
  std::string out;
  walk(
      text, [&](std::string_view plain) { out += plain; },
      [&](std::string_view whole, const std::string& name) {
        out += meaning(name, student).value_or(std::string(whole));
      });
  return out;
}

void fill(Value& value, const Student& student) {
  if (value.is_string()) value.text = filled(value.text, student);
  for (auto& item : value.items) fill(item, student);
  for (auto& member : value.members) {
    member.key = filled(member.key, student);
    fill(member.value, student);
  }
}

std::string without_placeholders(std::string_view text) {
  std::string out;
  auto add = [&](std::string_view plain) {
    while (out.ends_with('-') && plain.starts_with('-')) plain.remove_prefix(1);
    out += plain;
  };
  walk(text, add, [](std::string_view, const std::string&) {});
  auto first = out.find_first_not_of('-');
  if (first == std::string::npos) return "";
  return out.substr(first, out.find_last_not_of('-') - first + 1);
}

}  // namespace muster
