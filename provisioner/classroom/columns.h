#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster {

/// What a roster says of a student.
enum class Column { name, email, ssh_key };

struct ColumnRule {
  Column column;
  std::string name;  ///< as messages say it
  std::vector<std::string> spellings;
};

std::span<const ColumnRule> column_rules();

/// The column that `header` means, in any case, with '-' and '_' for blanks; nullptr: none.
const ColumnRule* find_column(std::string_view header);

}  // namespace muster
