#include "provisioner/classroom/columns.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace muster {

std::span<const ColumnRule> column_rules() {
  static const std::array<ColumnRule, 3> rules = {
      {{Column::name, "name", {"name"}},
       {Column::email, "email", {"email", "e mail", "mail"}},
       {Column::ssh_key, "ssh key", {"ssh key", "sshkey", "key", "public key", "ssh public key"}}}};
  return rules;
}

const ColumnRule* find_column(std::string_view header) {
  std::string plain;
  for (char c : header) {
    plain +=
        c == '_' || c == '-' ? ' ' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  for (const auto& rule : column_rules()) {
    if (std::ranges::find(rule.spellings, plain) != rule.spellings.end()) return &rule;
  }
  return nullptr;
}

}  // namespace muster
