#pragma once

#include <string>
#include <vector>

#include "provisioner/releases/releases.h"

namespace muster {

/// What there is to say of a version that somebody wants.
struct VersionCheck {
  std::string problem;  ///< why muster does not install it; empty: it does
  std::string instead;  ///< the nearest that works: "v1.37.2"; set with `problem` and `warnings`
  std::vector<std::string> warnings;  ///< it is installed, but untried, or out of support
};

/// `today` ("2026-11-30") decides about support; empty leaves that out.
VersionCheck check_kubernetes_version(const Releases& releases, const std::string& version,
                                      const std::string& today = "");

/// The same with what this muster was built with.
VersionCheck check_kubernetes_version(const std::string& version, const std::string& today = "");

}  // namespace muster
