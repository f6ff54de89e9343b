#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "provisioner/base/diagnostics.h"

namespace muster {

/// A JSON or YAML value that remembers where it stood in the text. Only the definition layer and
/// what renders roles look inside; other layers get typed structs.
struct Value {
  enum class Kind { null, boolean, integer, number, string, list, object };
  struct Member;

  Kind kind = Kind::null;
  Position at;
  bool boolean = false;
  std::int64_t integer = 0;     ///< Kind::integer
  double number = 0;            ///< set for Kind::integer as well
  std::string text;             ///< Kind::string; of a number, as it was written
  std::vector<Value> items;     ///< Kind::list
  std::vector<Member> members;  ///< Kind::object, in the order of the text

  bool is_object() const { return kind == Kind::object; }
  bool is_list() const { return kind == Kind::list; }
  bool is_string() const { return kind == Kind::string; }

  /// The member, or nullptr.
  const Value* find(std::string_view key) const;

  static Value of(std::string text);
  static Value of(const char* text) { return of(std::string(text)); }  ///< else it is a bool
  static Value of(std::int64_t integer);
  static Value of(bool boolean);
};

struct Value::Member {
  std::string key;
  Position at;  ///< of the key
  Value value;
};

/// "a string", "a number", ... for messages.
std::string describe(Value::Kind kind);

/// Compact JSON text of the value, keys in their order.
std::string to_json(const Value& value);

/// Parses JSON (file name not ending in .yaml/.yml) or YAML. Mistakes go to `diagnostics`; the
/// value then is what could be understood (possibly null). Refuses nesting deeper than 64. Columns
/// count bytes; a byte order mark at the start is skipped and counts for nothing.
Value parse_value(std::string_view text, bool yaml, Diagnostics& diagnostics);

}  // namespace muster
