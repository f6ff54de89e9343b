#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <map>

#include "tests/plan/below.h"
#include "tests/support/clusters.h"

using namespace muster;
using namespace muster::testing;

namespace {

std::vector<std::string> some_of(const std::vector<std::string>& names) {
  std::vector<std::string> some;
  for (const auto& name : names) {
    if (below(3) == 0) some.push_back(name);
  }
  return some;
}

/// Roles whose needs, after and after_one point to earlier ones only, so that there is no cycle.
std::vector<Role> random_roles(bool with_after_one = true) {
  std::vector<Role> roles;
  std::vector<std::string> names;
  auto count = 1 + below(6);
  for (std::size_t i = 0; i < count; ++i) {
    auto name = "role-" + std::to_string(i);
    auto role = make_role(name, some_of(names), some_of(names));
    if (with_after_one) role.after_one = some_of(names);
    names.push_back(name);
    role.uses = some_of(names);
    if (below(4) == 0) role.uses.push_back("*");
    if (below(4) == 0) role.after.push_back(name);
    roles.push_back(role);
  }
  return roles;
}

Cluster random_cluster(const std::vector<Role>& roles) {
  std::vector<std::string> names;
  for (const auto& role : roles) names.push_back(role.name);
  std::vector<Node> nodes;
  for (std::size_t i = 0; i < 8; ++i) {
    if (below(3) > 0) nodes.push_back(make_node("n-" + std::to_string(i), some_of(names), roles));
  }
  auto cluster = make_cluster(std::move(nodes));
  for (std::size_t i = below(5); i > 0; --i) {
    cluster.role_order.push_back(names[below(names.size())]);
  }
  return cluster;
}

/// The steps that end well when those of `failed` do not, by the gates and needs of the plan.
std::set<int> carried_out_despite(const Plan& plan, const std::set<int>& failed) {
  std::set<int> ended;
  std::set<int> well;
  auto is_well = [&](int id) { return well.count(id) > 0; };
  auto opens = [&](int at) {
    const auto& gate = plan.gates[static_cast<std::size_t>(at)];
    if (gate.opens == Opens::ended) return true;
    return gate.opens == Opens::all_well
               ? std::all_of(gate.steps.begin(), gate.steps.end(), is_well)
               : std::any_of(gate.steps.begin(), gate.steps.end(), is_well);
  };
  while (ended.size() < plan.steps.size()) {
    for (const auto& step : plan.steps) {
      auto waits = waits_of(plan, step);
      bool free = std::includes(ended.begin(), ended.end(), waits.begin(), waits.end());
      if (!free || !ended.insert(step.id).second) continue;
      bool runs = std::all_of(step.needs.begin(), step.needs.end(), is_well) &&
                  std::all_of(step.gates.begin(), step.gates.end(), opens);
      if ((runs || step.despite_failures) && failed.count(step.id) == 0) well.insert(step.id);
    }
  }
  return well;
}

/// What should become of a plan's steps, told from the roles and nodes alone: what is done already
/// is as good as what it hangs on.
class Expected {
 public:
  Expected(const Cluster& cluster, const std::vector<Role>& roles, const Plan& plan,
           const std::set<int>& failed)
      : cluster_(cluster), roles_(roles), plan_(plan), failed_(failed) {}

  bool ends_well(const Step& step) {
    if (failed_.count(step.id) > 0) return false;
    return step.verb != Verb::apply_role || may_run(step.node, step.role);
  }

 private:
  const Step* step_of(const std::string& node, const std::string& role) const {
    return find_step(plan_, role + " on " + node);
  }
  std::vector<std::string> holders(const std::string& role) const {
    std::vector<std::string> names;
    for (const auto& node : cluster_.nodes) {
      if (std::count(node.all_roles.begin(), node.all_roles.end(), role) > 0) {
        names.push_back(node.name);
      }
    }
    return names;
  }
  bool is_good(const std::string& node, const std::string& role) {
    const auto* step = step_of(node, role);
    return step != nullptr ? ends_well(*step) : may_run(node, role);
  }
  bool may_run(const std::string& node, const std::string& role) {
    auto [found, fresh] = may_run_.emplace(std::pair(node, role), true);
    if (fresh) found->second = find_out(node, role);
    return may_run_.at({node, role});
  }
  bool find_out(const std::string& node, const std::string& name) {
    const auto* create = find_step(plan_, "create " + node);
    if (create != nullptr && failed_.count(create->id) > 0) return false;
    const auto& role = *role_named(roles_, name);
    for (const auto& need : role.needs) {
      if (!is_good(node, need)) return false;
    }
    for (const auto& earlier : role.after) {
      for (const auto& holder : holders(earlier)) {
        if (earlier != name && !is_good(holder, earlier)) return false;
      }
    }
    for (const auto& earlier : role.after_one) {
      auto nodes = holders(earlier);
      bool open = nodes.empty();
      for (const auto& holder : nodes) {
        const auto* step = step_of(holder, earlier);
        open = open || step == nullptr || ends_well(*step);
      }
      if (!open) return false;
    }
    return true;
  }

  const Cluster& cluster_;
  const std::vector<Role>& roles_;
  const Plan& plan_;
  const std::set<int>& failed_;
  std::map<std::pair<std::string, std::string>, bool> may_run_;
};

bool is_wanted(const Cluster& cluster, const NodeRecord& record) {
  return std::any_of(cluster.nodes.begin(), cluster.nodes.end(),
                     [&](const Node& node) { return node.name == record.name; });
}

}  // namespace

TEST_CASE("plan properties: the plan of an applied state is empty, whatever order it ran in") {
  CHECK(rc::check([] {
    auto roles = random_roles();
    auto cluster = random_cluster(roles);
    auto record = carry_out(plan_apply(cluster, roles, nullptr), cluster, {}, below);
    RC_ASSERT(plan_apply(cluster, roles, &record).empty());
  }));
}

TEST_CASE("plan properties: any cluster can become any other, and then needs nothing") {
  CHECK(rc::check([] {
    auto roles = random_roles();
    auto first = random_cluster(roles);
    auto second = random_cluster(roles);
    auto record = carry_out(plan_apply(first, roles, nullptr), first, {}, below);
    for (auto& node : record.nodes) {
      if (below(5) == 0) node.state = NodeState::destroying;
      if (below(5) == 0) {
        node.state = NodeState::creating;
        node.roles.clear();
      }
    }
    auto plan = plan_apply(second, roles, &record);
    RC_ASSERT(!find_cycle(plan).has_value());
    record = carry_out(plan, second, record, below);
    RC_ASSERT(record.nodes.size() == second.nodes.size());
    for (const auto& node : record.nodes) RC_ASSERT(is_wanted(second, node));
    RC_ASSERT(plan_apply(second, roles, &record).empty());
  }));
}

TEST_CASE("plan properties: a role's step waits for what it needs, comes after and uses") {
  CHECK(rc::check([] {
    auto roles = random_roles();
    auto cluster = random_cluster(roles);
    auto plan = plan_apply(cluster, roles, nullptr);
    for (const auto& step : plan.steps) {
      if (step.verb != Verb::apply_role) continue;
      RC_ASSERT(waits_for(plan, step.title(), "create " + step.node));
      const auto& role = *role_named(roles, step.role);
      for (const auto& need : role.needs) {
        RC_ASSERT(waits_for(plan, step.title(), need + " on " + step.node));
      }
      for (const auto& other : plan.steps) {
        for (const auto& earlier : role.after) {
          if (earlier == role.name || other.role != earlier) continue;
          RC_ASSERT(waits_for(plan, step.title(), other.title()));
        }
        for (const auto& earlier : role.after_one) {
          if (other.role == earlier) RC_ASSERT(waits_for(plan, step.title(), other.title()));
        }
        for (const auto& used : role.uses) {
          if (other.role != used && used != "*") continue;
          RC_ASSERT(waits_for(plan, step.title(), "create " + other.node));
        }
      }
    }
  }));
}

TEST_CASE("plan properties: a part of the work keeps the order of the whole") {
  CHECK(rc::check([] {
    // after_one gives its order up where one node is done: see the next.
    auto roles = random_roles(false);
    auto cluster = random_cluster(roles);
    auto whole = plan_apply(cluster, roles, nullptr);
    auto record = carry_out(whole, cluster);
    for (auto& node : record.nodes) {
      for (auto& role : node.roles) {
        if (below(2) == 0) role.fingerprint.clear();
      }
    }
    auto part = plan_apply(cluster, roles, &record);
    for (const auto& later : part.steps) {
      for (const auto& earlier : part.steps) {
        RC_ASSERT(waits_for(part, later.title(), earlier.title()) ==
                  waits_for(whole, later.title(), earlier.title()));
      }
    }
  }));
}

TEST_CASE("plan properties: of the work that is left, failures stop what they would of the whole") {
  CHECK(rc::check([] {
    auto roles = random_roles();
    // Few other ways to fail, so that those of after_one show.
    for (auto& role : roles) {
      for (auto* list : {&role.needs, &role.after}) {
        if (below(2) == 0) list->clear();
      }
    }
    auto cluster = random_cluster(roles);
    cluster.role_order.clear();
    auto record = carry_out(plan_apply(cluster, roles, nullptr), cluster, {}, below);
    for (auto& node : record.nodes) {
      if (below(4) == 0) node.state = NodeState::lost;
      for (auto& role : node.roles) {
        if (below(2) == 0) role.fingerprint.clear();
      }
    }
    auto plan = plan_apply(cluster, roles, &record);
    std::set<int> failed;
    for (const auto& step : plan.steps) {
      if (below(3) == 0) failed.insert(step.id);
    }
    auto ended_well = carried_out_despite(plan, failed);
    Expected expected(cluster, roles, plan, failed);
    for (const auto& step : plan.steps) {
      RC_ASSERT((ended_well.count(step.id) > 0) == expected.ends_well(step));
    }
  }));
}

TEST_CASE("plan properties: a new worker touches itself and who lists it") {
  CHECK(rc::check([] {
    auto roles = stock_roles();
    auto workers = static_cast<int>(below(5));
    auto record = carry_out(plan_apply(stock_cluster(workers), roles, nullptr),
                            stock_cluster(workers), {}, below);
    auto added = "w-" + std::to_string(workers + 1);
    for (const auto& step : plan_apply(stock_cluster(workers + 1), roles, &record).steps) {
      RC_ASSERT(step.node == added || step.role == "network-bridge");
    }
  }));
}

TEST_CASE("plan properties: nodes are destroyed in the reverse order of their creation") {
  CHECK(rc::check([] {
    auto roles = random_roles();
    auto cluster = random_cluster(roles);
    auto record = carry_out(plan_apply(cluster, roles, nullptr), cluster, {}, below);
    std::vector<std::string> created;
    for (const auto& node : record.nodes) created.push_back(node.name);
    std::vector<std::string> destroyed;
    for (const auto& step : plan_destroy(record, roles).steps) destroyed.push_back(step.node);
    std::reverse(destroyed.begin(), destroyed.end());
    RC_ASSERT(destroyed == created);
  }));
}

TEST_CASE("plan properties: what leaves is undone in the reverse order of its apply") {
  CHECK(rc::check([] {
    auto roles = random_roles();
    auto cluster = random_cluster(roles);
    auto whole = plan_apply(cluster, roles, nullptr);
    auto record = carry_out(whole, cluster, {}, below);
    for (auto& node : record.nodes) node.wiped = false;
    auto plan = plan_destroy(record, roles);
    RC_ASSERT(!find_cycle(plan).has_value());
    for (const auto& node : record.nodes) {
      for (std::size_t i = 1; i < node.roles.size(); ++i) {
        RC_ASSERT(waits_for(plan, "undo " + node.roles[i - 1].role + " on " + node.name,
                            "undo " + node.roles[i].role + " on " + node.name));
      }
    }
  }));
}

TEST_CASE("plan properties: a plan comes back from JSON as it was") {
  CHECK(rc::check([] {
    auto roles = random_roles();
    auto first = random_cluster(roles);
    auto record = carry_out(plan_apply(first, roles, nullptr), first);
    auto plan = plan_apply(random_cluster(roles), roles, &record);
    auto json = plan_json(plan);
    RC_ASSERT(plan_json(plan_from_json(json)) == json);
    RC_ASSERT(plan_text(plan_from_json(json)) == plan_text(plan));
  }));
}
