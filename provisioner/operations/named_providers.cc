#include "provisioner/operations/named_providers.h"

#include <algorithm>

namespace muster {

namespace {

bool has_nodes_of(const DeploymentRecord& deployment, const std::string& provider) {
  return std::ranges::any_of(deployment.nodes,
                             [&](const NodeRecord& node) { return node.provider == provider; });
}

bool names_provider(const Definition& definition, const std::string& provider) {
  return definition.provider.name == provider ||
         std::ranges::any_of(definition.nodes, [&](const NodeBlock& block) {
           return block.provider && block.provider->name == provider;
         });
}

}  // namespace

DefinitionRules definition_rules(std::span<const Role> roles, const ProviderRegistry& providers,
                                 Store* store) {
  DefinitionRules rules;
  rules.roles = roles;
  rules.providers = providers.names();
  if (store == nullptr) return rules;
  for (auto& known : store->providers()) {
    rules.named.push_back({std::move(known.name), std::move(known.kind), std::move(known.hints)});
  }
  for (auto& tenant : store->tenants()) rules.tenants[tenant.id] = std::move(tenant.name);
  return rules;
}

void give_names(ProviderRegistry& providers, Store& store) {
  for (const auto& known : store.providers()) {
    GivenProvider given{known.name, known.kind, known.hints, {}};
    const auto scope = provider_scope(known.name);
    for (const auto& name : store.secret_keys(scope)) {
      if (auto secret = store.secret(scope, name)) given.secrets[name] = *secret;
    }
    providers.give(given);
  }
}

std::vector<std::string> users_of_provider(const std::vector<DeploymentRecord>& deployments,
                                           const DefinitionRules& rules,
                                           const std::string& provider) {
  std::vector<std::string> users;
  for (const auto& deployment : deployments) {
    auto parsed = parse_recorded_definition(deployment.definition_file, deployment.definition_text,
                                            deployment.definition_defaults, rules);
    if (has_nodes_of(deployment, provider) || names_provider(parsed.definition, provider)) {
      users.push_back(deployment.name);
    }
  }
  return users;
}

}  // namespace muster
