#pragma once

#include <span>
#include <string>

#include "provisioner/definition/value.h"

namespace muster {

/// `text` with the values of secrets (attribs, passwords, tokens, proxies with a login) crossed
/// out, byte for byte, so that positions hold and it still parses: this is what messages show and
/// what is recorded.
std::string mask_secrets(std::string text, const Value& root);

/// Whether mask_secrets() made this of a secret.
bool is_crossed_out(std::string_view value);

/// The same with the values of all members, however deep, that have one of these names.
std::string mask_members(std::string text, const Value& root, std::span<const std::string> names);

}  // namespace muster
