#pragma once

#include <string>
#include <string_view>

namespace muster {

/// Whether nobody should read the value of a variable with this name in a report.
bool sounds_secret(std::string_view name);

/// What messages may show of a file: all of it, or nothing when it may have a password somewhere.
std::string showable(const std::string& text);

}  // namespace muster
