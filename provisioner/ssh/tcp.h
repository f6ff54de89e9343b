#pragma once

#include <string>

#include "provisioner/base/clock.h"
#include "provisioner/base/descriptor.h"

namespace muster {

/// "10.0.0.1", with ":port" when it is not 22.
std::string host_and_port(const std::string& host, int port);

/// A non-blocking connection to the first of the host's addresses that takes one; each gets its
/// share of the time. Throws ConnectionLost.
Descriptor connect_tcp(const std::string& host, int port, const Deadline& deadline);

}  // namespace muster
