#include "provisioner/operations/planned.h"

#include <algorithm>
#include <iterator>

#include "provisioner/operations/certificates.h"
#include "provisioner/operations/definition_secrets.h"
#include "provisioner/operations/places.h"
#include "provisioner/operations/reconcile.h"
#include "provisioner/operations/revisions.h"
#include "provisioner/operations/tenants.h"

namespace muster {

namespace {

/// With certificates that have expired no member serves until most have new ones.
Turns turns_of(const World& world, const Planned& planned) {
  if (!planned.record || planned.record->certificates.is_done()) return Turns::taken;
  auto soonest = soonest_to_end(known_certificates(*world.store, *world.roles, *planned.record));
  return soonest && soonest->ends_ms <= world.clock->wall_ms() ? Turns::none : Turns::taken;
}

/// Another muster read the same words, and meant something else by what they leave out.
void warn_of_other_defaults(const Definition& definition, const DeploymentRecord& record,
                            Diagnostics& diagnostics) {
  for (const auto& [name, value] : definition.defaults) {
    auto before = record.definition_defaults.find(name);
    if (before == record.definition_defaults.end() || before->second == value) continue;
    diagnostics.warning({},
                        "the definition leaves out '" + name + "', which now means " + value +
                            "; '" + record.name + "' has " + before->second,
                        "to keep that: --set attribs." + name + "=" + before->second);
  }
}

}  // namespace

Planned plan_definition(const World& world, const Definition& definition, Against against,
                        Diagnostics& diagnostics, const PlanWishes& wishes) {
  Planned planned;
  planned.cluster = expand(definition, *world.roles, diagnostics);
  take_secrets(*world.store, definition, planned.cluster, diagnostics);
  planned.record = world.store->deployment(definition.name);
  if (planned.record) {
    if (planned.record->tenant != definition.tenant) {
      diagnostics.error(
          {},
          "deployment '" + definition.name + "' belongs to tenant '" + planned.record->tenant + "'",
          "choose another name, or destroy it first: muster destroy " + definition.name);
    }
    warn_of_other_defaults(definition, *planned.record, diagnostics);
    keep_pod_cidrs(planned.cluster, *planned.record);
    if (wishes.reorder) {
      planned.record->certificates = wishes.reorder(planned.record->certificates);
    }
    if (against == Against::providers) ask_providers(world, *planned.record, wishes.given_up);
    ask_what_is_wiped(*world.providers, *planned.record);
    auto refusals = reasons_to_refuse(planned.cluster, *planned.record);
    if (!wishes.given_up.has_deployment(definition.name)) {
      std::ranges::move(reasons_not_to_replace(planned.cluster, *planned.record),
                        std::back_inserter(refusals));
    }
    for (const auto& refusal : refusals) {
      diagnostics.error(
          {}, refusal.reason,
          refusal.hint + ", or destroy the cluster: muster destroy " + definition.name);
    }
  }
  planned.moved = ask_machines(world, planned.cluster, planned.record ? &*planned.record : nullptr);
  check_places(world, definition, planned.cluster, planned.record ? &*planned.record : nullptr,
               diagnostics);
  for (const auto& problem : quota_problems(world, planned)) {
    diagnostics.error({}, problem.message, problem.hint);
  }
  std::optional<Cluster> former;
  if (planned.record) former = recorded_settings(world, *planned.record);
  const PlanOptions options{turns_of(world, planned), former ? &*former : nullptr};
  planned.plan = plan_apply(planned.cluster, *world.roles,
                            planned.record ? &*planned.record : nullptr, options);
  if (auto cycle = find_cycle(planned.plan)) {
    diagnostics.error({}, "the roles wait for each other: " + *cycle);
  }
  return planned;
}

}  // namespace muster
