#pragma once

#include <string>

#include "provisioner/definition/value.h"

namespace muster {

/// JSON text of the value as a person writes it: keys in their order, a line for each but for what
/// is short. What was written as a definition can be read, and compared line by line.
std::string indented_json(const Value& value);

}  // namespace muster
