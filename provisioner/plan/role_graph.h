#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

namespace muster {

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

  /// The same, unless `earlier` already waits for `role`: then nothing is added.
  void add_wide_unless_contrary(const std::string& role, const std::string& earlier) {
    if (!waits(earlier, role)) add_wide(role, earlier);
  }

  /// What `role` waits for on every node, directly.
  const std::set<std::string>& wide(const std::string& role) const {
    static const std::set<std::string> kNone;
    auto found = wide_.find(role);
    return found == wide_.end() ? kNone : found->second;
  }

 private:
  /// Whether `role` waits for `earlier`, directly or through others (or is it).
  bool waits(const std::string& role, const std::string& earlier) const {
    std::set<std::string> seen{role};
    std::vector<std::string> open{role};
    while (!open.empty()) {
      auto at = open.back();
      open.pop_back();
      if (at == earlier) return true;
      auto next = edges_.find(at);
      if (next == edges_.end()) continue;
      for (const auto& other : next->second) {
        if (seen.insert(other).second) open.push_back(other);
      }
    }
    return false;
  }

  std::map<std::string, std::set<std::string>> edges_;
  std::map<std::string, std::set<std::string>> wide_;
};

}  // namespace muster
