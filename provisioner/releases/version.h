#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace muster {

/// A release of Kubernetes, in the order of releases.
struct Version {
  int major = 0;
  int minor = 0;
  int patch = 0;

  auto operator<=>(const Version&) const = default;
  std::string text() const;        ///< "v1.37.2"
  std::string minor_text() const;  ///< "v1.37"
  Version of_minor() const { return {major, minor, 0}; }
};

/// "v1.37.2"; nothing for any other form.
std::optional<Version> parse_version(std::string_view text);

/// "v1.37", as v1.37.0.
std::optional<Version> parse_minor(std::string_view text);

/// "v1.37.2": a version in form, whether or not muster can install it.
bool is_kubernetes_version(std::string_view text);

}  // namespace muster
