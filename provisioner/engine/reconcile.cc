#include "provisioner/engine/reconcile.h"

#include <map>
#include <string>

namespace muster {

namespace {

/// What a provider has of the deployment, by token.
using Found = std::map<std::string, ProvidedNode>;

Found found_at(const World& world, const std::string& provider, const std::string& tag) {
  Found found;
  for (auto& node : world.providers->get(provider).list(tag)) found[node.token] = node;
  return found;
}

}  // namespace

void ask_providers(const World& world, DeploymentRecord& record) {
  const auto tag = deployment_tag(*world.store, record.name);
  std::map<std::string, Found> asked;
  for (auto& node : record.nodes) {
    if (node.state != NodeState::ready) continue;
    auto [at, fresh] = asked.try_emplace(node.provider);
    if (fresh) at->second = found_at(world, node.provider, tag);
    auto found = at->second.find(node.token);
    if (found == at->second.end() || !found->second.complete) {
      node.state = NodeState::lost;
    } else if (!found->second.running) {
      node.state = NodeState::off;
    }
  }
}

void add_unknown_nodes(const World& world, DeploymentRecord& record) {
  const auto tag = deployment_tag(*world.store, record.name);
  for (const auto& provider : world.providers->names()) {
    for (const auto& [token, found] : found_at(world, provider, tag)) {
      if (record.knows(token)) continue;
      NodeRecord node;
      node.name = found.name;
      node.provider = provider;
      node.token = token;
      node.handle = found.handle;
      node.state = NodeState::destroying;
      record.nodes.push_back(node);
    }
  }
}

}  // namespace muster
