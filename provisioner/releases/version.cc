#include "provisioner/releases/version.h"

#include <charconv>
#include <vector>

#include "provisioner/base/text.h"

namespace muster {

namespace {

constexpr std::size_t kMostDigits = 6;

/// A number as releases have it, without leading zeros.
std::optional<int> version_number(const std::string& digits) {
  if (digits.size() > kMostDigits || (digits.size() > 1 && digits[0] == '0')) return std::nullopt;
  int number = 0;
  auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  bool whole = problem == std::errc{} && end == digits.data() + digits.size();
  return whole && number >= 0 && digits[0] != '-' ? std::optional(number) : std::nullopt;
}

std::optional<Version> parse_parts(std::string_view text, std::size_t wanted) {
  if (!text.starts_with('v')) return std::nullopt;
  auto parts = split(text.substr(1), '.');
  if (parts.size() != wanted) return std::nullopt;
  Version version;
  int* const places[] = {&version.major, &version.minor, &version.patch};
  for (std::size_t i = 0; i < wanted; ++i) {
    auto number = version_number(parts[i]);
    if (!number) return std::nullopt;
    *places[i] = *number;
  }
  return version;
}

}  // namespace

std::string Version::minor_text() const {
  return "v" + std::to_string(major) + "." + std::to_string(minor);
}

std::string Version::text() const { return minor_text() + "." + std::to_string(patch); }

std::optional<Version> parse_version(std::string_view text) { return parse_parts(text, 3); }

std::optional<Version> parse_minor(std::string_view text) { return parse_parts(text, 2); }

bool is_kubernetes_version(std::string_view text) { return parse_version(text).has_value(); }

}  // namespace muster
