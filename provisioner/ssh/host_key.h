#pragma once

#include <string>

#include "provisioner/ssh/link.h"

namespace muster {

/// "ssh-ed25519 AAAA...".
std::string public_line(ssh_key key);
/// "SHA256:...".
std::string sha256_of(ssh_key key);
/// "ssh-ed25519 SHA256:...".
std::string fingerprint_of(ssh_key key);
/// Of "ssh-ed25519 AAAA... comment". Throws Error when the text is no public key.
SshKeyPtr parse_public_line(const std::string& line);
/// The signature algorithms for a host key that is wanted (Endpoint::host_key, not empty), for
/// SSH_OPTIONS_HOSTKEYS; empty when that does not tell a type.
std::string algorithms_for(const std::string& wanted);

/// The refusal of a node that shows another key than is wanted; `found` may be null.
HostKeyChanged wrong_host_key(const std::string& node, const std::string& wanted, ssh_key found);
/// That of a bastion; `wanted` is a key.
HostKeyChanged wrong_bastion_key(const std::string& bastion, const std::string& wanted,
                                 ssh_key found);

}  // namespace muster
