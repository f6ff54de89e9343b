#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "provisioner/definition/value.h"

namespace muster {

/// Of one deployment: so many are still planned within seconds.
inline constexpr int kMaxNodes = 20'000;
/// What Kubernetes is made for ("Considerations for large clusters"); more is a warning.
inline constexpr int kKubernetesNodes = 5000;

/// One key of an object in a definition. The checks and the published schema both read these.
struct KeyRule {
  std::string_view name;
  std::vector<Value::Kind> kinds;
  std::string_view description;
  /// More keywords of the JSON Schema, as the inside of a JSON object.
  std::string_view schema;
  std::string_view no_effect;    ///< accepted; the warning says this
  std::string_view unavailable;  ///< refused; the hint says what to do instead
  bool secret = false;           ///< no message shows the value
};

std::span<const KeyRule> top_keys();
std::span<const KeyRule> node_keys();
std::span<const KeyRule> provider_keys();
std::span<const KeyRule> registry_keys();
std::span<const KeyRule> registry_auth_keys();
std::span<const KeyRule> proxy_keys();
std::span<const KeyRule> audit_keys();
std::span<const KeyRule> audit_webhook_keys();
std::span<const KeyRule> authentication_keys();
std::span<const KeyRule> oidc_keys();
std::span<const KeyRule> oidc_mapping_keys();

}  // namespace muster
