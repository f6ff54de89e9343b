#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "provisioner/base/diagnostics.h"
#include "provisioner/cli/json_argument.h"
#include "provisioner/definition/value.h"

namespace muster {

/// Reads the JSON object of a tenant or a provider, key by key; mistakes are collected.
class RecordReader {
 public:
  /// With secrets in it, no message shows a line or a word of it.
  enum class Holds { no_secrets, secrets };

  RecordReader(const JsonArgument& argument, Holds holds);

  /// Whether there is an object to read.
  bool good() const { return root_.is_object(); }
  /// Complains of the keys of `object` that are not among these.
  void allow(const Value& object, const std::vector<std::string>& keys);
  /// Says that the key has no effect, where it is there.
  void ignore(const std::string& key, const std::string& why);

  /// The member when it is there and of that kind; when it is not, that is a mistake.
  const Value* member(const Value& object, const std::string& key, Value::Kind kind);
  std::optional<std::string> text(const std::string& key);
  /// The name, a DNS label.
  std::string name(bool required);
  /// 0 or more.
  std::optional<int> limit(const Value& object, const std::string& key);

  void error(Position at, std::string message, std::string hint = "");
  const Value& root() const { return root_; }
  Diagnostics take() { return std::move(diagnostics_); }

 private:
  Diagnostics diagnostics_;
  Value root_;
};

}  // namespace muster
