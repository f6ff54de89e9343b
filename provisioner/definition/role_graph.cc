#include "provisioner/definition/role_graph.h"

#include <algorithm>
#include <map>
#include <set>

namespace muster {

namespace {

const Role* lookup(std::span<const Role> roles, const std::string& name) {
  auto role = std::find_if(roles.begin(), roles.end(),
                           [&](const Role& candidate) { return candidate.name == name; });
  return role == roles.end() ? nullptr : &*role;
}

/// What each of `names` waits for, within `names`.
using Waits = std::map<std::string, std::set<std::string>>;

Waits waits_of(std::span<const std::string> names, std::span<const Role> roles) {
  Waits waits;
  for (const auto& name : names) waits[name];
  auto add = [&](const std::string& later, const std::string& earlier) {
    if (later != earlier && waits.contains(earlier)) waits[later].insert(earlier);
  };
  for (const auto& name : names) {
    const auto* role = lookup(roles, name);
    if (role == nullptr) continue;
    for (const auto* list :
         {&role->needs, &role->follows, &role->after, &role->after_one, &role->after_tried}) {
      for (const auto& earlier : *list) add(name, earlier);
    }
  }
  return waits;
}

/// Whether `later` waits for `earlier`, directly or through others.
bool is_behind(const Waits& waits, const std::string& later, const std::string& earlier) {
  std::set<std::string> seen{later};
  std::vector<std::string> open{later};
  while (!open.empty()) {
    auto at = open.back();
    open.pop_back();
    for (const auto& next : waits.at(at)) {
      if (next == earlier) return true;
      if (seen.insert(next).second) open.push_back(next);
    }
  }
  return false;
}

/// Lets each listed role wait for the one listed before it, as the planner does: what the roles
/// say themselves counts more. Returns the pairs that they contradict.
std::vector<ContraryPair> add_listed(Waits& waits, std::span<const std::string> listed) {
  std::vector<ContraryPair> contrary;
  const std::string* earlier = nullptr;
  for (const auto& role : listed) {
    if (!waits.contains(role)) continue;
    if (earlier != nullptr && *earlier != role) {
      if (is_behind(waits, *earlier, role)) {
        contrary.push_back({*earlier, role});
      } else {
        waits[role].insert(*earlier);
      }
    }
    earlier = &role;
  }
  return contrary;
}

/// Walks from one waiting role to what it waits for until a role comes again.
std::vector<std::string> find_cycle(const Waits& waits, const std::set<std::string>& done) {
  auto waiting = std::find_if(waits.begin(), waits.end(),
                              [&](const auto& entry) { return !done.contains(entry.first); });
  std::vector<std::string> walk{waiting->first};
  for (;;) {
    const auto& next = waits.at(walk.back());
    auto step = std::find_if(next.begin(), next.end(),
                             [&](const std::string& name) { return !done.contains(name); });
    walk.push_back(*step);
    auto first = std::find(walk.begin(), walk.end(), walk.back());
    if (first != walk.end() - 1) return {first, walk.end()};
  }
}

}  // namespace

std::vector<std::string> with_needs(std::span<const std::string> wanted,
                                    std::span<const Role> roles) {
  std::vector<std::string> all;
  auto add = [&](const std::string& name) {
    bool known = lookup(roles, name) != nullptr;
    if (known && std::find(all.begin(), all.end(), name) == all.end()) all.push_back(name);
  };
  for (const auto& name : wanted) add(name);
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (const auto& need : lookup(roles, all[i])->needs) add(need);
  }
  return all;
}

RoleOrder order_roles(std::span<const std::string> names, std::span<const Role> roles,
                      std::span<const std::string> role_apply_order) {
  auto waits = waits_of(names, roles);
  RoleOrder result;
  result.contrary = add_listed(waits, role_apply_order);
  std::set<std::string> done;
  while (done.size() < waits.size()) {
    auto ready = std::find_if(names.begin(), names.end(), [&](const std::string& name) {
      const auto& earlier = waits.at(name);
      return !done.contains(name) &&
             std::includes(done.begin(), done.end(), earlier.begin(), earlier.end());
    });
    if (ready == names.end()) {
      result.cycle = find_cycle(waits, done);
      return result;
    }
    done.insert(*ready);
    result.order.push_back(*ready);
  }
  return result;
}

}  // namespace muster
