#pragma once

#include <string>

#include "provisioner/ssh/link.h"

namespace muster {

/// "ssh-ed25519 AAAA...".
std::string public_line(ssh_key key);
/// "ssh-ed25519 SHA256:...".
std::string fingerprint_of(ssh_key key);
/// Of "ssh-ed25519 AAAA... comment". Throws Error when the text is no public key.
SshKeyPtr parse_public_line(const std::string& line);
/// The signature algorithms for a host key of this type, for SSH_OPTIONS_HOSTKEYS.
std::string algorithms_for(ssh_key key);

/// The refusal of a node that shows another key than `known`; `found` may be null.
Error host_key_changed(const std::string& node, ssh_key known, ssh_key found);

}  // namespace muster
