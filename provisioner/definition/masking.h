#pragma once

#include <string>

#include "provisioner/definition/value.h"

namespace muster {

/// `text` with the values of secret attribs crossed out, byte for byte, so that positions hold and
/// it still parses: this is what messages show and what is recorded.
std::string mask_secrets(std::string text, const Value& root);

}  // namespace muster
