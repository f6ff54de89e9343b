#pragma once

#include <optional>
#include <string>

#include "provisioner/base/diagnostics.h"
#include "provisioner/cli/json_argument.h"

namespace muster {

/// A tenant as `muster tenant create` and `update` get it; what was not named is absent.
struct TenantInput {
  std::string name;
  std::optional<std::string> description;
  std::optional<int> max_nodes;
  std::optional<int> max_deployments;
  Diagnostics diagnostics;
};

/// Never throws for what the user wrote.
TenantInput parse_tenant(const JsonArgument& argument, bool needs_name);

}  // namespace muster
