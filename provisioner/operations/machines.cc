#include "provisioner/operations/machines.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "inventory/index.h"
#include "provisioner/base/error.h"
#include "provisioner/operations/revisions.h"
#include "provisioner/run/access.h"
#include "provisioner/ssh/pinned_key.h"
#include "provisioner/ssh/session.h"

namespace muster {

namespace {

NodeSpec spec_of(const Cluster& cluster, const Node& node, const NodeRecord* known,
                 const std::string& tag) {
  NodeSpec spec;
  spec.name = node.name;
  spec.fqdn = node.fqdn;
  spec.deployment = cluster.name;
  spec.tenant = cluster.tenant;
  spec.tag = tag;
  spec.hints = node.hints;
  if (known != nullptr) spec.token = known->token;
  return spec;
}

/// `now`, with what was seen where nothing is told against it.
Endpoint with_what_was_seen(Endpoint now, const Endpoint& seen) {
  if (now.cluster_address.empty()) {
    bool same = now.address == seen.address;
    now.cluster_address = same ? seen.cluster_address : ip_address_of(now.address);
  }
  if (now.host_key.empty() || is_pinned_key(now.host_key, seen.host_key)) {
    now.host_key = seen.host_key;
  }
  return now;
}

/// Nodes by their providers that pick machines.
std::map<Provider*, std::vector<Node*>> picked_nodes(const World& world, Cluster& cluster) {
  std::map<std::string, Provider*> known;
  std::map<Provider*, std::vector<Node*>> nodes;
  for (auto& node : cluster.nodes) {
    auto [at, fresh] = known.try_emplace(node.provider);
    if (fresh) at->second = world.providers->find(node.provider);
    if (at->second != nullptr && at->second->picks_machines()) nodes[at->second].push_back(&node);
  }
  return nodes;
}

using RecordedNodes = std::unordered_map<std::string_view, NodeRecord*>;

RecordedNodes recorded_nodes(DeploymentRecord* record) {
  RecordedNodes nodes;
  if (record == nullptr) return nodes;
  for (auto& node : record->nodes) nodes.emplace(node.name, &node);
  return nodes;
}

}  // namespace

std::vector<MovedNode> ask_machines(const World& world, Cluster& cluster,
                                    DeploymentRecord* record) {
  std::vector<MovedNode> moved;
  const auto picked = picked_nodes(world, cluster);
  if (picked.empty()) return moved;
  const auto recorded = recorded_nodes(record);
  const auto tag = world.store == nullptr ? "" : deployment_tag(*world.store, cluster.name);
  for (const auto& [provider, nodes] : picked) {
    std::vector<NodeSpec> specs;
    specs.reserve(nodes.size());
    for (const auto* node : nodes) {
      specs.push_back(spec_of(cluster, *node, find_in(recorded, node->name), tag));
    }
    const auto notes = provider->describe(specs);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      nodes[i]->set_machine_labels(notes[i].labels);
      nodes[i]->machine = notes[i].machine;
      nodes[i]->architecture = notes[i].architecture;
      auto* known = find_in(recorded, nodes[i]->name);
      if (known == nullptr || !known->is_there() || !notes[i].own) continue;
      auto now = with_what_was_seen(*notes[i].own, known->endpoint);
      bool otherwise = now != known->endpoint;
      if (!notes[i].moved && !otherwise) continue;
      known->endpoint = std::move(now);
      moved.push_back({known->name, otherwise});
    }
  }
  return moved;
}

void ask_machines_once_more(const World& world, DeploymentRecord& record) {
  bool some = std::any_of(record.nodes.begin(), record.nodes.end(), [&](const NodeRecord& node) {
    auto* provider = world.providers->find(node.provider);
    return provider != nullptr && provider->picks_machines();
  });
  if (!some) return;
  auto last = parse_recorded_definition(record.definition_file, record.definition_text,
                                        record.definition_defaults, rules_of(world));
  if (!last.plannable) return;
  Diagnostics unheard;
  auto cluster = expand(last.definition, *world.roles, unheard);
  ask_machines(world, cluster, &record);
}

std::vector<NodeRecord> follow_machines(const World& world, const Cluster& cluster,
                                        DeploymentRecord& record,
                                        const std::vector<MovedNode>& moved) {
  std::vector<NodeRecord> followed;
  if (moved.empty()) return followed;
  const auto tag = deployment_tag(*world.store, cluster.name);
  const auto recorded = recorded_nodes(&record);
  const auto wanted = index_of(cluster);
  for (const auto& [name, otherwise] : moved) {
    auto& node = *find_in(recorded, name);
    auto spec = spec_of(cluster, *find_in(wanted, name), &node, tag);
    spec.stays = true;
    try {
      node.handle = world.providers->get(node.provider).create(spec).handle;
    } catch (Error& error) {
      throw error.while_doing("following what the hosts file says of node '" + name + "' now");
    }
    followed.push_back(node);
    followed.back().state = NodeState::ready;  // that it was off is never recorded
  }
  return followed;
}

}  // namespace muster
