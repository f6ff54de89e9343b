#pragma once

#include "inventory/bmc_endpoint.h"
#include "provisioner/base/secret.h"

namespace muster {

/// The password of the BMC's user, from where the hosts file says. Throws Error when it is not
/// there, or when others than the owner can read or change its file.
Secret password_of(const BmcEndpoint& endpoint);

/// Where it came from, for messages: "the file '/etc/bmc.password'".
std::string password_source(const BmcEndpoint& endpoint);

}  // namespace muster
