#pragma once

#include <string>

namespace muster {

/// Whether the public key `line` ("ssh-ed25519 AAAA...") is the one that `pinned` tells: a line
/// itself, whatever its comment, or a fingerprint (inventory/record.h).
bool is_pinned_key(const std::string& pinned, const std::string& line);

}  // namespace muster
