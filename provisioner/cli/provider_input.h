#pragma once

#include <map>
#include <string>
#include <vector>

#include "provisioner/base/diagnostics.h"
#include "provisioner/base/secret.h"
#include "provisioner/cli/json_argument.h"
#include "provisioner/state/store.h"

namespace muster {

/// A provider as `muster provider create` gets it.
struct ProviderInput {
  ProviderRecord record;
  std::map<std::string, Secret> secrets;
  Diagnostics diagnostics;  ///< nothing in it shows a secret
};

/// Takes secrets from where the JSON says: its own text, unless it was typed as an argument, files,
/// and the environment. `kinds` are those that this muster can use. Never throws for what the user
/// wrote.
ProviderInput parse_provider(const JsonArgument& argument, const std::vector<std::string>& kinds);

}  // namespace muster
