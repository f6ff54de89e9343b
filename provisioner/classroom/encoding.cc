#include "provisioner/classroom/encoding.h"

#include <algorithm>
#include <cstdio>

#include "provisioner/base/utf8.h"

namespace muster {

namespace {

constexpr const char* kSaveAs =
    "in Excel: Save As, \"CSV UTF-8 (Comma delimited)\"; elsewhere: iconv -f WINDOWS-1252 -t UTF-8";

}  // namespace

bool check_encoding(std::string_view text, Diagnostics& diagnostics) {
  if (text.starts_with("PK\x03\x04")) {
    diagnostics.error({}, "this is an Excel workbook, and no CSV file", kSaveAs);
  } else if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    diagnostics.error({}, "this is UTF-16 (Excel's \"Unicode Text\"), and not UTF-8", kSaveAs);
  }
  if (diagnostics.has_errors()) return false;
  Position here{1, 1};
  int reported = 0;  // the last line
  for (std::size_t at = 0; at < text.size();) {
    auto length = text[at] == '\0' ? 0 : utf8_length(text, at);
    if (length == 0 && here.line != reported) {
      char byte[8];
      std::snprintf(byte, sizeof byte, "0x%02x", static_cast<unsigned char>(text[at]));
      diagnostics.error(here, std::string("this is not text in UTF-8: found the byte ") + byte,
                        reported == 0 ? kSaveAs : "");
      reported = here.line;
    }
    bool line_end = text[at] == '\n';
    at += std::max<std::size_t>(length, 1);
    here.column += static_cast<int>(std::max<std::size_t>(length, 1));
    if (line_end) here = {here.line + 1, 1};
  }
  return !diagnostics.has_errors();
}

}  // namespace muster
