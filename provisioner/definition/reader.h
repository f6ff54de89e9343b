#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "provisioner/base/diagnostics.h"
#include "provisioner/definition/value.h"

namespace muster {

/// Turns offsets of a text, asked for in growing order, into positions.
class Places {
 public:
  explicit Places(std::string_view text) : text_(text) {}
  Position of(std::size_t offset);

 private:
  std::string_view text_;
  std::size_t scanned_ = 0;
  std::size_t line_start_ = 0;
  int line_ = 1;
};

/// Builds a Value from the events of a parser without recursion, so that hostile nesting costs an
/// error and no stack. Reports duplicate keys, depth and size; each call but end() returns false
/// when reading must stop.
class ValueBuilder {
 public:
  explicit ValueBuilder(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  bool begin(Value::Kind kind, Position at);
  void end();
  void key(std::string name, Position at);
  bool scalar(Value value);

  std::size_t depth() const { return stack_.size(); }
  const Value& innermost() const { return stack_.back().value; }

  /// What was understood, containers still open included.
  Value take();

 private:
  struct Frame {
    Value value;
    std::string key;
    Position key_at;
    std::unordered_set<std::string> keys;
    bool duplicate = false;
  };

  bool count(Position at);
  void place(Value value);

  Diagnostics& diagnostics_;
  std::vector<Frame> stack_;
  std::size_t values_ = 0;
  Value root_;
};

/// Both want well formed UTF-8 without NUL.
Value read_json(std::string_view text, Diagnostics& diagnostics);
Value read_yaml(std::string_view text, Diagnostics& diagnostics);

}  // namespace muster
