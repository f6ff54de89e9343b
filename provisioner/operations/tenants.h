#pragma once

#include <string>
#include <vector>

#include "provisioner/operations/planned.h"

namespace muster {

/// What a tenant has.
struct TenantUse {
  std::vector<std::string> deployments;
  std::size_t nodes = 0;
};

/// `but_for` is a deployment that does not count. Nodes are those that a deployment has, or those
/// that its definition wants, whichever are more; `rules` read the definitions of old records,
/// which do not tell.
TenantUse use_of_tenant(Store& store, const DefinitionRules& rules, const std::string& tenant,
                        const std::string& but_for = "");

/// Why the tenant of `planned` may not have it. A deployment that gets no bigger is never refused:
/// it may be mended, and made smaller, when a quota was lowered.
std::vector<Diagnostic> quota_problems(const World& world, const Planned& planned);

/// Throws Error (exit code 2) with the first of them.
void refuse_beyond_quota(const World& world, const Planned& planned);

}  // namespace muster
