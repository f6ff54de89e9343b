#pragma once

#include <string>

namespace muster {

/// "SHA256:..." (base64, without padding) of the public key in a certificate's PEM text; empty when
/// the text is none.
std::string public_key_fingerprint(const std::string& certificate);

}  // namespace muster
