#include "provisioner/operations/needs.h"

#include "inventory/index.h"
#include "provisioner/base/text.h"
#include "provisioner/tasks/task_needs.h"

namespace muster {

namespace {

void add_task(const Task& task, const std::string& arch, Needs& needs) {
  auto own = needs_of(task);
  if (!own.artifacts.empty()) needs.artifacts[arch].merge(own.artifacts);
  const auto& packages = own.packages["apt"];
  if (packages.empty()) return;
  needs.package_tasks.insert(join(std::vector(packages.begin(), packages.end()), " "));
  needs.packages.insert(packages.begin(), packages.end());
}

}  // namespace

Needs needs_of(const std::vector<Role>& roles, const Cluster& cluster, const Plan& plan) {
  Needs needs;
  const auto nodes = index_of(cluster);
  const auto own = machine_arch();
  for (const auto& step : plan.steps) {
    const Node* node = find_in(nodes, step.node);
    if (step.verb == Verb::create_node && node != nullptr) {
      needs.hints[node->provider].insert(node->hints);
    }
    const Role* role = find_role(roles, step.role);
    if (role == nullptr || step.verb == Verb::undo_role) continue;
    bool told = node != nullptr && !node->architecture.empty();
    const auto& arch = told ? node->architecture : own;
    for (const auto& task : role->tasks) add_task(task, arch, needs);
  }
  return needs;
}

std::vector<std::pair<std::string, std::string>> get_needs(
    const World& world, const Cluster& cluster, const Needs& needs,
    const std::function<void(const std::string&)>& note) {
  for (const auto& [provider, hints] : needs.hints) {
    world.providers->get(provider).prepare({hints.begin(), hints.end()}, note);
  }
  std::vector<std::pair<std::string, std::string>> left_out;
  for (const auto& [arch, names] : needs.artifacts) {
    auto without =
        world.artifacts->fetch({names.begin(), names.end()}, cluster.settings.version, arch, note);
    left_out.insert(left_out.end(), without.begin(), without.end());
  }
  return left_out;
}

}  // namespace muster
