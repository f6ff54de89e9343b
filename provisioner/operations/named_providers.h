#pragma once

#include <span>
#include <string>
#include <vector>

#include "providers/provider.h"
#include "provisioner/definition/definition.h"
#include "provisioner/state/store.h"

namespace muster {

/// What the checks of definitions are to know: the kinds of `providers`, and the providers and
/// tenants of `store`, which is null where there is no state. `roles` is kept by reference.
DefinitionRules definition_rules(std::span<const Role> roles, const ProviderRegistry& providers,
                                 Store* store);

/// Tells `providers` the names that the store's own have, and what is on record of them.
void give_names(ProviderRegistry& providers, Store& store);

/// Names of the deployments that have nodes of the provider, or whose definition names it.
std::vector<std::string> users_of_provider(const std::vector<DeploymentRecord>& deployments,
                                           const DefinitionRules& rules,
                                           const std::string& provider);

}  // namespace muster
