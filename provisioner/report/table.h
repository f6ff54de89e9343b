#pragma once

#include <string>
#include <vector>

namespace muster {

/// Left-aligned columns, two spaces apart, one line for the header and each row. A row may be
/// shorter than the header.
std::string render_table(const std::vector<std::string>& header,
                         const std::vector<std::vector<std::string>>& rows);

}  // namespace muster
