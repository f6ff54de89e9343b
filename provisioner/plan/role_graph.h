#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "provisioner/definition/role.h"

namespace muster {

/// What `role` waits for on its own node, where the node has it.
inline std::vector<std::string> waits_on_node(const Role& role) {
  auto earlier = role.needs;
  earlier.insert(earlier.end(), role.follows.begin(), role.follows.end());
  return earlier;
}

/// Which role waits for which, as far as the cluster has them.
class RoleGraph {
 public:
  /// What a role waits for on its own node.
  void add_local(const std::string& role, const std::string& earlier) {
    edges_[role].insert(earlier);
  }

  /// `role` waits for `earlier` on every node.
  void add_wide(const std::string& role, const std::string& earlier) {
    edges_[role].insert(earlier);
    wide_[role].insert(earlier);
  }

  /// `role` waits for `earlier` on one node.
  void add_one(const std::string& role, const std::string& earlier) {
    edges_[role].insert(earlier);
    one_[role].insert(earlier);
  }

  /// `role` waits until `earlier` was tried everywhere.
  void add_tried(const std::string& role, const std::string& earlier) {
    edges_[role].insert(earlier);
  }

  /// The same as add_wide, unless `earlier` already waits for `role`: then nothing is added.
  void add_wide_unless_contrary(const std::string& role, const std::string& earlier) {
    if (!waits(earlier, role)) add_wide(role, earlier);
  }

  /// Of `listed` (role_apply_order), each role in `present` waits for the one before it, unless
  /// that contradicts what is here already.
  void add_listed(const std::vector<std::string>& listed, const std::set<std::string>& present) {
    const std::string* earlier = nullptr;
    for (const auto& role : listed) {
      if (present.count(role) == 0) continue;
      if (earlier != nullptr) add_wide_unless_contrary(role, *earlier);
      earlier = &role;
    }
  }

  /// What `role` waits for on every node, directly.
  const std::set<std::string>& wide(const std::string& role) const { return of(wide_, role); }

  /// What `role` waits for on one node, directly.
  const std::set<std::string>& one(const std::string& role) const { return of(one_, role); }

 private:
  using Edges = std::map<std::string, std::set<std::string>>;

  static const std::set<std::string>& of(const Edges& edges, const std::string& role) {
    static const std::set<std::string> kNone;
    auto found = edges.find(role);
    return found == edges.end() ? kNone : found->second;
  }

  /// Whether `role` waits for `earlier`, directly or through others (or is it).
  bool waits(const std::string& role, const std::string& earlier) const {
    std::set<std::string> seen{role};
    std::vector<std::string> open{role};
    while (!open.empty()) {
      auto at = open.back();
      open.pop_back();
      if (at == earlier) return true;
      for (const auto& other : of(edges_, at)) {
        if (seen.insert(other).second) open.push_back(other);
      }
    }
    return false;
  }

  Edges edges_;  ///< of every kind
  Edges wide_;
  Edges one_;
};

}  // namespace muster
