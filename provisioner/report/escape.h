#pragma once

#include <string>
#include <string_view>

namespace muster {

/// `text` as the content of an element or of a quoted attribute, of HTML and of XML 1.0, whatever
/// it holds. Bytes that are no UTF-8, and characters that neither may have (control characters but
/// tab and line ends), come out as U+FFFD.
std::string escape_markup(std::string_view text);

}  // namespace muster
