#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

namespace muster {

/// A value that must not reach argv, logs, events or errors: it has no implicit conversion and
/// no stream operator, so every use says reveal().
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  const std::string& reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

 private:
  std::string value_;
};

/// Secrets by their keys.
using Secrets = std::map<std::string, Secret>;
/// The same as they were at one moment; nothing: there was none.
using SecretsSeen = std::map<std::string, std::optional<Secret>>;

}  // namespace muster
