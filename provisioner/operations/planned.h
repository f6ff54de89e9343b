#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "inventory/cluster.h"
#include "inventory/record.h"
#include "provisioner/definition/definition.h"
#include "provisioner/operations/given_up.h"
#include "provisioner/operations/machines.h"
#include "provisioner/plan/plan.h"
#include "provisioner/run/world.h"

namespace muster {

/// A definition expanded, beside what the state knows, and the plan that leads from one to the
/// other: what is shown, checked and asked about before anything changes, and then done.
struct Planned {
  Cluster cluster;
  std::optional<DeploymentRecord> record;  ///< with endpoints as they are now
  Plan plan;
  std::vector<MovedNode> moved;  ///< of `record`, whose machines have changed
};

/// What a plan is made against: the record alone, or the record as the providers correct it.
enum class Against { record, providers };

/// Which certificates a deployment is to have from now on, given those that it is to have so far.
using Reorder = std::function<CertificateOrder(const CertificateOrder&)>;

/// What a plan goes by besides the definition.
struct PlanWishes {
  Reorder reorder = {};
  GivenUp given_up = {};
};

/// Expands and plans. Mistakes that only show now go to `diagnostics`.
Planned plan_definition(const World& world, const Definition& definition, Against against,
                        Diagnostics& diagnostics, const PlanWishes& wishes = {});

}  // namespace muster
