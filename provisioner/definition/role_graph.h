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

/// An order of roles, or the cycle that makes one impossible.
struct RoleOrder {
  std::vector<std::string> order;
  std::vector<std::string> cycle;  ///< a, b, ..., a; empty when there is an order
};

/// Orders `names` so that needs, after and `role_apply_order` hold; as they come where these say
/// nothing. Edges to roles outside `names` do not count.
RoleOrder order_roles(std::span<const std::string> names, std::span<const Role> roles,
                      std::span<const std::string> role_apply_order);

}  // namespace muster
