#include "provisioner/base/duration.h"

#include <array>
#include <charconv>

namespace muster {

namespace {

struct Unit {
  char letter;
  std::int64_t ms;
};

constexpr std::array<Unit, 4> kUnits = {
    {{'d', 24 * 3'600'000}, {'h', 3'600'000}, {'m', 60'000}, {'s', 1000}}};

}  // namespace

std::optional<std::int64_t> parse_duration(std::string_view text) {
  std::int64_t total = 0;
  std::size_t smallest = 0;  // the first unit that may still come
  while (!text.empty()) {
    std::int64_t number = 0;
    auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    auto digits = static_cast<std::size_t>(end - text.data());
    if (problem != std::errc{} || number < 0 || digits == text.size()) return std::nullopt;
    auto unit = smallest;
    while (unit < kUnits.size() && kUnits[unit].letter != text[digits]) ++unit;
    if (unit == kUnits.size() || number > kLongestMs / kUnits[unit].ms) return std::nullopt;
    total += number * kUnits[unit].ms;
    smallest = unit + 1;
    text.remove_prefix(digits + 1);
  }
  if (total < 1 || total > kLongestMs) return std::nullopt;
  return total;
}

std::string format_span(std::int64_t ms) {
  std::size_t first = 0;
  while (first + 1 < kUnits.size() && ms < kUnits[first].ms) ++first;
  std::string text;
  for (auto unit = first; unit < kUnits.size() && unit < first + 2; ++unit) {
    auto number = ms / kUnits[unit].ms;
    ms %= kUnits[unit].ms;
    if (unit == first || number > 0) text += std::to_string(number) + kUnits[unit].letter;
  }
  return text;
}

std::string format_when(std::int64_t at_ms, std::int64_t now_ms) {
  return at_ms > now_ms ? "in " + format_span(at_ms - now_ms)
                        : format_span(now_ms - at_ms) + " ago";
}

}  // namespace muster
