#pragma once

#include <span>
#include <string>
#include <vector>

#include "provisioner/definition/role.h"

namespace muster {

/// `wanted` and all that they need, directly or not; each once, a role behind the one whose need
/// named it. Roles that `roles` does not have are left out.
std::vector<std::string> with_needs(std::span<const std::string> wanted,
                                    std::span<const Role> roles);

/// Two roles that role_apply_order lists one after the other, and whose own needs are the other
/// way round.
struct ContraryPair {
  std::string first;   ///< waits for `second`, whatever the list says
  std::string second;  ///< listed behind `first`
};

/// An order of roles, or the cycle that makes one impossible.
struct RoleOrder {
  std::vector<std::string> order;
  std::vector<std::string> cycle;      ///< a, b, ..., a; empty when there is an order
  std::vector<ContraryPair> contrary;  ///< what of role_apply_order has no effect
};

/// Orders `names` so that needs, after and after_one hold, and `role_apply_order` where these allow
/// it; as they come where nothing says. Edges to roles outside `names` do not count.
RoleOrder order_roles(std::span<const std::string> names, std::span<const Role> roles,
                      std::span<const std::string> role_apply_order);

}  // namespace muster
