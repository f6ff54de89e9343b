#pragma once

#include <string_view>

#include "provisioner/base/diagnostics.h"

namespace muster {

/// Whether `text` is UTF-8 without NUL. If not, `diagnostics` gets a mistake for each line that is
/// not, or one that says what the file is instead: what spreadsheets save is often something else.
bool check_encoding(std::string_view text, Diagnostics& diagnostics);

}  // namespace muster
