#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster {

/// The words of a line as a shell splits them: quotes are taken away, '#' before a word begins a
/// comment where `comments`. Nothing when a quote is not closed.
std::optional<std::vector<std::string>> split_words(std::string_view line, bool comments);

/// The names that a pattern such as "node[01:10]", "db[a:c]-[1:9:2]" stands for, in Ansible's
/// order.
struct ExpandedNames {
  std::vector<std::string> names;
  std::string problem;  ///< not empty: it is no pattern, and why
};
ExpandedNames expand_names(const std::string& pattern);

}  // namespace muster
