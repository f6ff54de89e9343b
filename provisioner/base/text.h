#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster {

std::vector<std::string> split(std::string_view text, char separator);
std::string join(std::span<const std::string> parts, std::string_view separator);
std::string trim(std::string_view text);
/// The first line of `text` that is not blank, without the blanks around it.
std::string first_line(std::string_view text);

/// The candidate that the user probably meant: about a third of the letters may differ.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

/// `text` as one word of a POSIX shell, whatever it holds (a NUL ends it).
std::string shell_quote(std::string_view text);

/// 16 hex digits (FNV-1a, 64 bit) that change when `text` does. Not for anything hostile.
std::string fingerprint(std::string_view text);

std::string base64_encode(std::string_view bytes);

/// The UTF-8 text as a YAML scalar that every reader takes for this text, whatever it looks like:
/// in double quotes, on one line.
std::string yaml_quoted(std::string_view text);

/// "1 node", "2 nodes".
std::string count_of(std::size_t count, const std::string& noun);

/// "850ms", "12.3s", "4m05s".
std::string format_duration(double seconds);
std::string format_ms(std::int64_t ms);

}  // namespace muster
