#include <map>
#include <set>

#include "provisioner/plan/edges.h"
#include "provisioner/plan/gate.h"
#include "provisioner/plan/role_graph.h"

namespace muster {

void add_undo_edges(Plan& plan, const std::vector<std::vector<int>>& undone,
                    const std::vector<Role>& roles, const std::vector<std::string>& role_order) {
  // What was applied counts more than what the role files say today: a file that changed since
  // must not make a cycle.
  RoleGraph graph;
  std::map<std::string, std::vector<int>> by_role;
  std::set<std::string> present;
  for (const auto& node : undone) {
    for (std::size_t i = 0; i < node.size(); ++i) {
      auto& step = plan.steps[index(node[i])];
      by_role[step.role].push_back(step.id);
      present.insert(step.role);
      if (i == 0) continue;
      step.needs.push_back(node[i - 1]);
      graph.add_local(plan.steps[index(node[i - 1])].role, step.role);
    }
  }
  for (const auto& role : roles) {
    if (present.count(role.name) == 0) continue;
    for (const auto* list : {&role.after, &role.after_one}) {
      for (const auto& earlier : *list) {
        if (present.count(earlier) > 0) graph.add_wide_unless_contrary(role.name, earlier);
      }
    }
  }
  graph.add_listed(role_order, present);
  for (const auto& role : present) {
    std::vector<int> followers;
    for (const auto& earlier : graph.wide(role)) {
      followers.insert(followers.end(), by_role[earlier].begin(), by_role[earlier].end());
    }
    if (followers.empty()) continue;
    int gate = add_gate(plan, {role + " undone on every node", by_role[role], Opens::ended});
    for (int id : followers) plan.steps[index(id)].gates.push_back(gate);
  }
}

}  // namespace muster
