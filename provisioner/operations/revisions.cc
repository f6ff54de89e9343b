#include "provisioner/operations/revisions.h"

#include <vector>

#include "inventory/settings.h"
#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/operations/named_providers.h"

namespace muster {

DefinitionRules rules_of(const World& world) {
  return definition_rules(*world.roles, *world.providers, world.store);
}

DefinitionResult recorded_definition(const World& world, const std::string& deployment,
                                     int revision) {
  auto rules = rules_of(world);
  std::vector<std::string> numbers;
  for (const auto& known : world.store->revisions(deployment)) {
    numbers.push_back(std::to_string(known.revision));
    if (known.revision != revision) continue;
    auto definition = parse_recorded_definition(known.definition_file, known.definition_text,
                                                known.definition_defaults, rules);
    if (!definition.diagnostics.has_errors()) return definition;
    throw Error("revision " + numbers.back() + " of '" + deployment + "' is no longer right:\n" +
                    trim(definition.diagnostics.render()),
                ExitCode::usage);
  }
  Error error("'" + deployment + "' has no revision " + std::to_string(revision), ExitCode::usage);
  throw error.hint(numbers.empty() ? "it has none at all; see: muster list"
                                   : "it has: " + join(numbers, ", "));
}

std::optional<Cluster> recorded_settings(const World& world, const DeploymentRecord& record) {
  auto last = parse_recorded_definition(record.definition_file, record.definition_text,
                                        record.definition_defaults, rules_of(world));
  if (!last.plannable) return std::nullopt;
  Cluster cluster;
  cluster.settings = settings_of(last.definition);
  cluster.public_keys = last.definition.public_keys;
  return cluster;
}

Cluster cluster_to_leave(const World& world, const DeploymentRecord& record) {
  if (auto recorded = recorded_settings(world, record)) return *std::move(recorded);
  Cluster cluster;
  cluster.settings = settings_of(Definition{});
  return cluster;
}

std::optional<int> find_revision_before(Store& store, const std::string& deployment) {
  auto record = store.deployment(deployment);
  if (!record) return std::nullopt;
  auto revisions = store.revisions(deployment);
  for (auto known = revisions.rbegin(); known != revisions.rend(); ++known) {
    bool earlier = known->revision < record->revision && known->applied_ms != 0;
    if (earlier && !same_definition(known->definition_text, known->definition_defaults,
                                    record->definition_text, record->definition_defaults)) {
      return known->revision;
    }
  }
  return std::nullopt;
}

int revision_before(Store& store, const std::string& deployment) {
  if (auto found = find_revision_before(store, deployment)) return *found;
  if (store.deployment(deployment)) {
    throw Error("'" + deployment + "' has no earlier revision that was ever whole", ExitCode::usage)
        .hint("name one with --to; see: muster history " + deployment);
  }
  throw Error("there is no deployment '" + deployment + "' to roll back", ExitCode::usage)
      .hint(store.revisions(deployment).empty()
                ? "see: muster list"
                : "to make it again: muster rollback " + deployment +
                      " --to REVISION; see: muster history " + deployment);
}

}  // namespace muster
