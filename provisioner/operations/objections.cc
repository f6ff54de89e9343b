#include "provisioner/operations/objections.h"

#include <set>
#include <utility>

#include "inventory/index.h"
#include "provisioner/run/access.h"

namespace muster {

std::map<std::string, std::vector<NodeSpec>> nodes_to_create(Store& store, const Planned& planned) {
  const auto& cluster = planned.cluster;
  const auto tag = deployment_tag(store, cluster.name);
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

namespace {

/// What they say of all the nodes together that the plan creates (Provider::objections).
std::vector<std::string> joint_objections(const World& world, const Planned& planned) {
  std::vector<std::string> objections;
  for (const auto& [provider, specs] : nodes_to_create(*world.store, planned)) {
    auto found = world.providers->get(provider).objections(specs);
    objections.insert(objections.end(), found.begin(), found.end());
  }
  return objections;
}

}  // namespace

std::vector<std::string> provider_objections(const World& world, const Planned& planned) {
  std::set<std::string> objections;
  std::set<std::pair<std::string, std::string>> asked;
  const auto nodes = index_of(planned.cluster);
  for (const auto& step : planned.plan.steps) {
    const Node* node = find_in(nodes, step.node);
    if (step.verb != Verb::create_node || node == nullptr) continue;
    if (!asked.insert({node->provider, node->hints}).second) continue;
    for (auto& objection : world.providers->get(node->provider).validate(node->hints)) {
      objections.insert(std::move(objection));
    }
  }
  if (objections.empty()) return joint_objections(world, planned);
  return {objections.begin(), objections.end()};
}

}  // namespace muster
