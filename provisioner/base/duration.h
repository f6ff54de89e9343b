#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace muster {

/// The longest duration that parse_duration takes: ten years, in milliseconds.
inline constexpr std::int64_t kLongestMs = std::int64_t{3650} * 24 * 3600 * 1000;

/// The milliseconds of "90s", "1h30m" or "2d": whole numbers with the units d, h, m and s, each at
/// most once and the longer ones first. Nothing when it is none of these, zero, or too long.
std::optional<std::int64_t> parse_duration(std::string_view text);

/// A time to come or past, as a person says it: "45s", "5m", "1h59m", "2d3h". What is smaller than
/// its second unit is cut off.
std::string format_span(std::int64_t ms);

/// When `at_ms` is, seen from `now_ms`: "in 1h59m", "5m ago".
std::string format_when(std::int64_t at_ms, std::int64_t now_ms);

}  // namespace muster
