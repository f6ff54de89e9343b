#include <array>
#include <charconv>
#include <optional>

#include "provisioner/base/text.h"
#include "provisioner/definition/attribs.h"

namespace muster {

namespace {

using Version = std::array<int, 3>;

/// "v1.20.2".
std::optional<Version> parse_version(std::string_view text) {
  if (!text.starts_with('v') || text.size() > 20) return std::nullopt;
  auto parts = split(text.substr(1), '.');
  Version version{};
  if (parts.size() != version.size()) return std::nullopt;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto& part = parts[i];
    bool padded = part.size() > 1 && part[0] == '0';
    auto [end, problem] = std::from_chars(part.data(), part.data() + part.size(), version[i]);
    if (problem != std::errc{} || end != part.data() + part.size() || padded || part[0] == '-') {
      return std::nullopt;
    }
  }
  return version;
}

}  // namespace

const VersionBounds& kubernetes_bounds() {
  static const VersionBounds bounds{
      .oldest = "v1.20.0",
      .oldest_reason = "the oldest release whose flags and APIs muster's roles were written for",
      .newest = "v1.20.15",
      .newest_reason = "releases from v1.21 on have not been tried"};
  return bounds;
}

bool is_kubernetes_version(std::string_view text) { return parse_version(text).has_value(); }

std::string check_kubernetes_version(const std::string& version) {
  const auto& bounds = kubernetes_bounds();
  auto parsed = parse_version(version);
  if (!parsed) return "'" + version + "' is no Kubernetes version such as v1.20.2";
  if (*parsed < *parse_version(bounds.oldest)) {
    return "Kubernetes " + version + " is older than " + bounds.oldest + ", " +
           bounds.oldest_reason;
  }
  if (*parsed > *parse_version(bounds.newest)) {
    return "Kubernetes " + version + " is newer than " + bounds.newest + ": " +
           bounds.newest_reason;
  }
  return "";
}

}  // namespace muster
