#include "provisioner/engine/reconcile.h"

#include <algorithm>
#include <exception>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "provisioner/base/error.h"

namespace muster {

namespace {

/// What a provider has of the deployment.
struct Found {
  std::map<std::string, ProvidedNode> nodes;  ///< by token
  std::vector<ProvidedNode> damaged;
};

Found found_at(Provider& provider, const std::string& tag) {
  Found found;
  for (auto& node : provider.list(tag)) {
    if (node.damage.empty()) {
      found.nodes[node.token] = std::move(node);
    } else {
      found.damaged.push_back(std::move(node));
    }
  }
  return found;
}

/// To take it for lost would make it anew elsewhere, and leave what is there.
void refuse_damaged(const Found& found, const NodeRecord& node) {
  for (const auto& damaged : found.damaged) {
    if (!node.handle.empty() && node.handle.starts_with(damaged.handle)) {
      throw Error("node '" + node.name + "': " + damaged.damage);
    }
  }
}

}  // namespace

void ask_providers(const World& world, DeploymentRecord& record) {
  const auto tag = deployment_tag(*world.store, record.name);
  std::map<std::string, Found> asked;
  for (auto& node : record.nodes) {
    if (node.state != NodeState::ready) continue;
    auto [at, fresh] = asked.try_emplace(node.provider);
    if (fresh) at->second = found_at(world.providers->get(node.provider), tag);
    const auto& nodes = at->second.nodes;
    auto found = nodes.find(node.token);
    if (found == nodes.end()) refuse_damaged(at->second, node);
    if (found == nodes.end() || !found->second.complete) {
      node.state = NodeState::lost;
    } else if (!found->second.running) {
      node.state = NodeState::off;
    }
  }
}

void add_unknown_nodes(const World& world, DeploymentRecord& record) {
  const auto tag = deployment_tag(*world.store, record.name);
  // Of those with a program of their own only the deployment's: others' may be gone or broken.
  auto names = world.providers->names();
  for (const auto& node : record.nodes) names.push_back(node.provider);
  std::set<const Provider*> asked;
  for (const auto& name : names) {
    auto* provider = world.providers->find(name);
    if (provider == nullptr || !asked.insert(provider).second) continue;
    Found there;
    try {
      there = found_at(*provider, tag);
    } catch (const std::exception&) {
      // Of a provider that the deployment has nothing from: it may be root's alone.
      const bool ours = std::ranges::any_of(record.nodes, [&](const NodeRecord& node) {
        return world.providers->find(node.provider) == provider;
      });
      if (ours) throw;
      continue;
    }
    for (const auto& [token, found] : there.nodes) {
      if (record.knows(token)) continue;
      NodeRecord node;
      node.name = found.name;
      node.provider = name;
      node.token = token;
      node.handle = found.handle;
      node.state = NodeState::destroying;
      record.nodes.push_back(node);
    }
  }
}

void ask_what_is_wiped(ProviderRegistry& providers, DeploymentRecord& record) {
  std::map<std::string, bool> asked;
  for (auto& node : record.nodes) {
    auto [at, fresh] = asked.try_emplace(node.provider);
    const auto* provider = fresh ? providers.find(node.provider) : nullptr;
    if (provider != nullptr) at->second = provider->wipes();
    node.wiped = at->second;
  }
}

}  // namespace muster
