#include "provisioner/operations/former_settings.h"

#include "provisioner/operations/revisions.h"
#include "provisioner/plan/fingerprints.h"
#include "provisioner/run/world.h"

namespace muster {

namespace {

/// Nothing when the definition is wrong by now.
std::optional<Cluster> cluster_of_revision(const World& world, const RevisionRecord& revision) {
  auto read = parse_recorded_definition(revision.definition_file, revision.definition_text,
                                        revision.definition_defaults, rules_of(world));
  if (!read.plannable) return std::nullopt;
  auto cluster = expand(read.definition, *world.roles, read.diagnostics);
  if (read.diagnostics.has_errors()) return std::nullopt;
  return cluster;
}

}  // namespace

const ClusterSettings* FormerSettings::of(const std::string& node, const std::string& role) {
  const auto* known = record_.find(node);
  const auto* applied = known == nullptr ? nullptr : known->find_role(role);
  if (applied == nullptr) return nullptr;
  // Roles that use the same have the same.
  const auto settings = settings_part(applied->fingerprint);
  std::lock_guard lock(mutex_);
  auto [found, fresh] = known_.try_emplace(settings.empty() ? "node " + node : settings);
  if (fresh) found->second = find(node, *applied);
  return found->second ? &*found->second : nullptr;
}

/// Of a role in doubt, what a revision that was whole had: what an apply moves goes at its end.
std::optional<ClusterSettings> FormerSettings::find(const std::string& node,
                                                    const RoleRecord& role) const {
  const auto settings = settings_part(role.fingerprint);
  const auto* known = find_role(*world_.roles, role.role);
  const auto revisions = world_.store->revisions(record_.name);
  for (auto revision = revisions.rbegin(); revision != revisions.rend(); ++revision) {
    if (settings.empty() && revision->applied_ms == 0) continue;
    auto cluster = cluster_of_revision(world_, *revision);
    if (!cluster) continue;
    const bool fits =
        settings.empty()
            ? cluster->find(node) != nullptr
            : known != nullptr && Fingerprints(*cluster, nullptr).settings_part(*known) == settings;
    if (fits) return cluster->settings;
  }
  return std::nullopt;
}

}  // namespace muster
