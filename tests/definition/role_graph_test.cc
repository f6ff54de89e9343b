#include "provisioner/definition/role_graph.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "tests/definition/support.h"

using namespace muster;
using testing::role;

namespace {

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("role graph: needs are followed all the way, each role once") {
  std::vector<Role> roles = {role("a", {"b", "c"}), role("b", {"c"}), role("c"), role("d")};
  CHECK(with_needs(Names{"a"}, roles) == Names{"a", "b", "c"});
  CHECK(with_needs(Names{"d", "a", "d"}, roles) == Names{"d", "a", "b", "c"});
  CHECK(with_needs(Names{"unknown"}, roles) == Names{});
}

TEST_CASE("role graph: an order that nothing asks for is the one given") {
  std::vector<Role> roles = {role("a"), role("b"), role("c")};
  CHECK(order_roles(Names{"c", "a", "b"}, roles, {}).order == Names{"c", "a", "b"});
}

TEST_CASE("role graph: a role may name itself in after") {
  std::vector<Role> roles = {role("etcd", {}, {"etcd"})};
  CHECK(order_roles(Names{"etcd"}, roles, {}).order == Names{"etcd"});
}

TEST_CASE("role graph: a cycle is named from a role back to it, without those that only wait") {
  std::vector<Role> roles = {role("a", {"b"}), role("b", {"c"}), role("c", {"d"}), role("d", {"b"}),
                             role("e")};
  auto result = order_roles(Names{"a", "b", "c", "d", "e"}, roles, {});
  CHECK(result.cycle == Names{"b", "c", "d", "b"});
}

TEST_CASE("role graph: in every order each role stands behind what it waits for") {
  rc::check("topological", [] {
    auto count = *rc::gen::inRange(1, 9);
    Names names;
    std::vector<Role> roles;
    for (int i = 0; i < count; ++i) {
      Names needs;
      for (int j = 0; j < count; ++j) {
        if (*rc::gen::inRange(0, 6) == 0) needs.push_back("r" + std::to_string(j));
      }
      roles.push_back(role("r" + std::to_string(i), needs));
      names.push_back("r" + std::to_string(i));
    }
    auto result = order_roles(names, roles, {});
    auto place = [&](const std::string& name) {
      return std::find(result.order.begin(), result.order.end(), name) - result.order.begin();
    };
    if (!result.cycle.empty()) {
      RC_ASSERT(result.cycle.size() >= 3U);
      RC_ASSERT(result.cycle.front() == result.cycle.back());
      for (std::size_t i = 0; i + 1 < result.cycle.size(); ++i) {
        auto at = std::find(names.begin(), names.end(), result.cycle[i]) - names.begin();
        const auto& needs = roles[static_cast<std::size_t>(at)].needs;
        RC_ASSERT(std::find(needs.begin(), needs.end(), result.cycle[i + 1]) != needs.end());
      }
      return;
    }
    RC_ASSERT(result.order.size() == names.size());
    for (const auto& one : roles) {
      for (const auto& need : one.needs) {
        RC_ASSERT(need == one.name || place(need) < place(one.name));
      }
    }
  });
}
