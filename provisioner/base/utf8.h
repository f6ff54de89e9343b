#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace muster {

/// What some editors, Excel among them, begin a file with.
inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// The length of the well formed UTF-8 sequence at `at`, 0 when there is none (RFC 3629).
std::size_t utf8_length(std::string_view text, std::size_t at);

/// The text's characters; nothing when it is not well formed UTF-8.
std::optional<std::u32string> utf8_characters(std::string_view text);

}  // namespace muster
