#pragma once

#include <span>
#include <string>
#include <vector>

#include "provisioner/definition/value.h"

namespace muster {

/// One "attribs" key that a definition may set: the 47 k8s-* of Digital Rebar and ours.
struct AttribRule {
  std::string name;
  Value::Kind kind;
  std::string fallback;              ///< as text
  std::vector<std::string> choices;  ///< empty: any
  std::string replaced_by;           ///< not empty: accepted without effect; the warning says this
  std::string description;
};

std::span<const AttribRule> attrib_rules();

/// Kubernetes versions that muster installs: inclusive bounds with the reason for each.
struct VersionBounds {
  std::string oldest;
  std::string oldest_reason;
  std::string newest;
  std::string newest_reason;
};
const VersionBounds& kubernetes_bounds();

/// Empty when muster can install `version` ("v1.20.2"), else the message that says why not.
std::string check_kubernetes_version(const std::string& version);

}  // namespace muster
