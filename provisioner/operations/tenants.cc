#include "provisioner/operations/tenants.h"

#include <algorithm>

#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/operations/named_providers.h"

namespace muster {

namespace {

int parsed_size(Store& store, const DefinitionRules& rules, const std::string& deployment) {
  int wanted = 0;
  const auto record = store.deployment(deployment);
  if (!record) return wanted;
  auto parsed = parse_recorded_definition(record->definition_file, record->definition_text,
                                          record->definition_defaults, rules);
  for (const auto& block : parsed.definition.nodes) wanted += block.count;
  return wanted;
}

std::size_t size_of(Store& store, const DefinitionRules& rules, const DeploymentSize& size) {
  const int wanted =
      size.wanted_nodes >= 0 ? size.wanted_nodes : parsed_size(store, rules, size.name);
  return static_cast<std::size_t>(std::max(wanted, size.nodes));
}

TenantRecord tenant_named(Store& store, const std::string& name) {
  for (auto& tenant : store.tenants()) {
    if (tenant.name == name) return tenant;
  }
  return {};
}

/// "1 is", "2 are".
std::string so_many_are(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " is" : " are");
}

Diagnostic problem(const std::string& tenant, const std::string& noun, std::size_t quota,
                   std::size_t used, std::size_t wanted) {
  Diagnostic found;
  found.message = "the quota of tenant '" + tenant + "' is " + count_of(quota, noun) + ": " +
                  so_many_are(used) + " used by its other deployments, and " + so_many_are(wanted) +
                  " wanted here";
  found.hint = "see what it has: muster tenant show " + tenant +
               "; or raise its quota: " + "muster tenant update " + tenant + " '{\"quotas\": {\"" +
               noun + "s\": " + std::to_string(used + wanted) + "}}'";
  return found;
}

}  // namespace

TenantUse use_of_tenant(Store& store, const DefinitionRules& rules, const std::string& tenant,
                        const std::string& but_for) {
  TenantUse use;
  for (const auto& size : store.deployment_sizes()) {
    if (size.tenant != tenant || size.name == but_for) continue;
    use.deployments.push_back(size.name);
    use.nodes += size_of(store, rules, size);
  }
  return use;
}

std::vector<Diagnostic> quota_problems(const World& world, const Planned& planned) {
  const auto& cluster = planned.cluster;
  const auto tenant = tenant_named(*world.store, cluster.tenant);
  if (tenant.max_nodes == 0 && tenant.max_deployments == 0) return {};
  const auto rules = definition_rules(*world.roles, *world.providers, world.store);
  const auto others = use_of_tenant(*world.store, rules, cluster.tenant, cluster.name);
  std::vector<Diagnostic> problems;
  const auto most = static_cast<std::size_t>(tenant.max_deployments);
  if (most != 0 && !planned.record && others.deployments.size() >= most) {
    problems.push_back(problem(tenant.name, "deployment", most, others.deployments.size(), 1));
  }
  const auto limit = static_cast<std::size_t>(tenant.max_nodes);
  const auto wanted = cluster.nodes.size();
  std::size_t has = 0;
  if (const auto& record = planned.record) {
    const auto nodes = static_cast<int>(record->nodes.size());
    has = size_of(*world.store, rules, {record->name, record->tenant, nodes, record->wanted_nodes});
  }
  if (limit != 0 && wanted > has && others.nodes + wanted > limit) {
    problems.push_back(problem(tenant.name, "node", limit, others.nodes, wanted));
  }
  return problems;
}

void refuse_beyond_quota(const World& world, const Planned& planned) {
  auto problems = quota_problems(world, planned);
  if (problems.empty()) return;
  throw Error(problems.front().message, ExitCode::usage).hint(problems.front().hint);
}

}  // namespace muster
