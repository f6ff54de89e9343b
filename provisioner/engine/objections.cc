#include "provisioner/engine/objections.h"

#include <utility>

#include "inventory/index.h"

namespace muster {

std::map<std::string, std::vector<NodeSpec>> nodes_to_create(const World& world,
                                                             const Planned& planned) {
  const auto& cluster = planned.cluster;
  const auto tag = deployment_tag(*world.store, cluster.name);
  const auto recorded = planned.record ? index_of(*planned.record) : RecordIndex{};
  const auto nodes = index_of(cluster);
  std::map<std::string, std::vector<NodeSpec>> wanted;
  for (const auto& step : planned.plan.steps) {
    const auto* node = find_in(nodes, step.node);
    if (step.verb != Verb::create_node || node == nullptr) continue;
    NodeSpec spec;
    spec.name = step.node;
    spec.deployment = cluster.name;
    spec.tenant = cluster.tenant;
    spec.tag = tag;
    spec.hints = node->hints;
    if (const auto* known = find_in(recorded, step.node)) spec.token = known->token;
    wanted[node->provider].push_back(std::move(spec));
  }
  return wanted;
}

std::vector<std::string> joint_objections(const World& world, const Planned& planned) {
  std::vector<std::string> objections;
  for (const auto& [provider, specs] : nodes_to_create(world, planned)) {
    auto found = world.providers->get(provider).objections(specs);
    objections.insert(objections.end(), found.begin(), found.end());
  }
  return objections;
}

}  // namespace muster
