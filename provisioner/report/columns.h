#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace muster {

/// Columns that `text` takes on a terminal, one per code point.
std::size_t columns(std::string_view text);

/// `text` filled up with spaces to `width` columns; never cut.
std::string pad(std::string_view text, std::size_t width);

/// `text` in at most `width` columns, with "..." in the middle when it is longer.
std::string elide_middle(std::string_view text, std::size_t width);

/// `text` with control characters other than tab and newline shown as "^X": what a node says must
/// not drive the user's terminal.
std::string printable(std::string_view text);

/// printable, with tabs and newlines as spaces.
std::string one_line(std::string_view text);

}  // namespace muster
