#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "provisioner/base/diagnostics.h"

namespace muster {

/// One field of a table: its text without quotes, and where it begins.
struct CsvField {
  std::string text;
  Position at;
};

/// One row; it may go over several lines.
struct CsvRow {
  int line = 0;  ///< of its beginning
  std::vector<CsvField> fields;
};

/// The rows that hold anything, as RFC 4180 has them, and as spreadsheets write them: lines end in
/// LF, CRLF or CR, fields are separated by what the first row uses most of comma, semicolon and tab
/// (or what Excel's line "sep=;" before it says). Broken quotes go to `diagnostics`. Columns count
/// bytes.
std::vector<CsvRow> read_csv(std::string_view text, Diagnostics& diagnostics);

}  // namespace muster
