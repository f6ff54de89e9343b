#pragma once

#include <string>

#include "provisioner/base/secret.h"

namespace muster {

/// What a server that is there for one test shows itself by; kept nowhere.
struct PassingIdentity {
  std::string authority;  ///< whom its callers trust, PEM
  Secret server;          ///< its certificate and key, PEM
};

PassingIdentity make_passing_identity(const std::string& dns_name);

}  // namespace muster
