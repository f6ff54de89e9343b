#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "provisioner/base/error.h"
#include "provisioner/base/text.h"

namespace muster {

/// The record that `word` names, or whose id it is; or nullptr. A name wins.
template <typename Record>
const Record* find_record(const std::vector<Record>& records, const std::string& word) {
  auto named = std::find_if(records.begin(), records.end(),
                            [&](const Record& record) { return record.name == word; });
  if (named != records.end()) return &*named;
  auto numbered = std::find_if(records.begin(), records.end(), [&](const Record& record) {
    return std::to_string(record.id) == word;
  });
  return numbered == records.end() ? nullptr : &*numbered;
}

/// What to throw when there is no `noun` ("tenant", ...) of that name among `names`; `make` makes
/// one.
inline Error no_record(const std::string& noun, const std::string& word,
                       const std::vector<std::string>& names, const std::string& make) {
  auto near = nearest(word, names);
  return Error("there is no " + noun + " '" + word + "'", ExitCode::usage)
      .hint(near            ? "did you mean '" + *near + "'?"
            : names.empty() ? "there is none at all; make one: " + make
                            : "there are: " + join(names, ", "));
}

/// The same, or an Error with the names that exist.
template <typename Record>
const Record& need_record(const std::vector<Record>& records, const std::string& word,
                          const std::string& noun) {
  if (const auto* found = find_record(records, word)) return *found;
  std::vector<std::string> names;
  for (const auto& record : records) names.push_back(record.name);
  throw no_record(noun, word, names, "muster " + noun + " create JSON");
}

}  // namespace muster
