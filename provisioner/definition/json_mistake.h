#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "provisioner/base/diagnostics.h"

namespace muster {

/// How far a JSON parser came before the text stopped making sense.
struct JsonProgress {
  struct Open {
    char bracket;
    Position at;
  };
  enum class Last { nothing, opening, key, value };

  std::size_t end = 0;  ///< offset behind the last token that made an event
  Last last = Last::nothing;
  std::vector<Open> open;  ///< brackets still open, outermost first
  /// A bracket whose partner stands at another indentation: a missing one is likely to be its own.
  std::optional<Open> suspect;
};

/// What is wrong behind `progress.end`, in words for a person.
Diagnostic explain_json_mistake(std::string_view text, const JsonProgress& progress);

}  // namespace muster
