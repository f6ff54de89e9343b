#include "provisioner/report/table.h"

#include <algorithm>

#include "provisioner/report/columns.h"

namespace muster {

namespace {

using Row = std::vector<std::string>;

std::string render_row(const Row& row, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < row.size(); ++i) {
    line += pad(one_line(row[i]), widths[i]) + "  ";
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

}  // namespace

std::string render_table(const Row& header, const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  auto widen = [&](const Row& row) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], columns(one_line(row[i])));
    }
  };
  widen(header);
  for (const auto& row : rows) widen(row);
  std::string out = render_row(header, widths);
  for (const auto& row : rows) out += render_row(row, widths);
  return out;
}

}  // namespace muster
