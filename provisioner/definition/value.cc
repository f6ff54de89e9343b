#include "provisioner/definition/value.h"

#include <charconv>
#include <cstdio>

#include "provisioner/base/utf8.h"
#include "provisioner/definition/reader.h"

namespace muster {

const Value* Value::find(std::string_view key) const {
  for (const auto& member : members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

Value Value::of(std::string text) {
  Value value;
  value.kind = Kind::string;
  value.text = std::move(text);
  return value;
}

Value Value::of(std::int64_t integer) {
  Value value;
  value.kind = Kind::integer;
  value.integer = integer;
  value.number = static_cast<double>(integer);
  value.text = std::to_string(integer);
  return value;
}

Value Value::of(bool boolean) {
  Value value;
  value.kind = Kind::boolean;
  value.boolean = boolean;
  return value;
}

std::string describe(Value::Kind kind) {
  switch (kind) {
    case Value::Kind::null:
      return "null";
    case Value::Kind::boolean:
      return "true or false";
    case Value::Kind::integer:
      return "a whole number";
    case Value::Kind::number:
      return "a number";
    case Value::Kind::string:
      return "a string";
    case Value::Kind::list:
      return "a list";
    case Value::Kind::object:
      return "an object";
  }
  return "";
}

namespace {

void append_string(std::string& out, std::string_view text) {
  out += '"';
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(c));
      out += escaped;
    } else {
      out += c;
    }
  }
  out += '"';
}

void append(std::string& out, const Value& value) {
  switch (value.kind) {
    case Value::Kind::null:
      out += "null";
      break;
    case Value::Kind::boolean:
      out += value.boolean ? "true" : "false";
      break;
    case Value::Kind::integer:
      out += std::to_string(value.integer);
      break;
    case Value::Kind::number: {
      char digits[32];
      auto end = std::to_chars(digits, digits + sizeof digits, value.number).ptr;
      out.append(digits, end);
      break;
    }
    case Value::Kind::string:
      append_string(out, value.text);
      break;
    case Value::Kind::list:
      out += '[';
      for (const auto& item : value.items) {
        if (&item != &value.items.front()) out += ',';
        append(out, item);
      }
      out += ']';
      break;
    case Value::Kind::object:
      out += '{';
      for (const auto& member : value.members) {
        if (&member != &value.members.front()) out += ',';
        append_string(out, member.key);
        out += ':';
        append(out, member.value);
      }
      out += '}';
      break;
  }
}

}  // namespace

std::string to_json(const Value& value) {
  std::string out;
  append(out, value);
  return out;
}

namespace {

bool check_encoding(std::string_view text, Diagnostics& diagnostics) {
  Places places(text);
  for (std::size_t at = 0; at < text.size();) {
    auto length = text[at] == '\0' ? 0 : utf8_length(text, at);
    if (length == 0) {
      char byte[8];
      std::snprintf(byte, sizeof byte, "0x%02x", static_cast<unsigned char>(text[at]));
      diagnostics.error(places.of(at),
                        std::string("this is not text in UTF-8: found the byte ") + byte,
                        "save the file as UTF-8");
      return false;
    }
    at += length;
  }
  return true;
}

}  // namespace

Value parse_value(std::string_view text, bool yaml, Diagnostics& diagnostics) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (!check_encoding(text, diagnostics)) return {};
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    diagnostics.error({}, "the file is empty", "examples/ has definitions to begin with");
    return {};
  }
  return yaml ? read_yaml(text, diagnostics) : read_json(text, diagnostics);
}

}  // namespace muster
