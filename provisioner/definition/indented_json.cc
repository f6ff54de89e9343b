#include "provisioner/definition/indented_json.h"

namespace muster {

namespace {

constexpr std::size_t kWidth = 100;

std::string on_one_line(const Value& value) {
  std::string out;
  if (value.is_list()) {
    for (const auto& item : value.items) out += (out.empty() ? "[" : ", ") + on_one_line(item);
    return out.empty() ? "[]" : out + "]";
  }
  if (value.is_object()) {
    for (const auto& member : value.members) {
      out += (out.empty() ? "{" : ", ") + to_json(Value::of(member.key)) + ": ";
      out += on_one_line(member.value);
    }
    return out.empty() ? "{}" : out + "}";
  }
  return to_json(value);
}

/// `used`: columns that its line has already.
void append(std::string& out, const Value& value, std::size_t indent, std::size_t used) {
  auto line = on_one_line(value);
  bool whole = indent == 0 && value.is_object() && !value.members.empty();
  bool parts = !value.items.empty() || !value.members.empty();
  if (!parts || (!whole && used + line.size() < kWidth)) {
    out += line;
    return;
  }
  const std::string margin(indent + 2, ' ');
  out += value.is_list() ? "[" : "{";
  for (const auto& item : value.items) {
    out += (&item == &value.items.front() ? "\n" : ",\n") + margin;
    append(out, item, indent + 2, margin.size());
  }
  for (const auto& member : value.members) {
    auto key = margin + to_json(Value::of(member.key)) + ": ";
    out += (&member == &value.members.front() ? "\n" : ",\n") + key;
    append(out, member.value, indent + 2, key.size());
  }
  out += "\n" + std::string(indent, ' ') + (value.is_list() ? "]" : "}");
}

}  // namespace

std::string indented_json(const Value& value) {
  std::string out;
  append(out, value, 0, 0);
  return out;
}

}  // namespace muster
