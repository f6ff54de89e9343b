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

TEST_CASE("role graph: after_one orders and makes cycles as after does") {
  std::vector<Role> roles = {role("a"), role("b"), role("c", {"a"})};
  roles[0].after_one = {"b", "a"};
  auto result = order_roles(Names{"a", "b", "c"}, roles, Names{"a", "b"});
  CHECK(result.order == Names{"b", "a", "c"});
  REQUIRE(result.contrary.size() == 1);
  CHECK(result.contrary[0].first == "a");
  roles[1].after_one = {"c"};
  CHECK(order_roles(Names{"a", "b", "c"}, roles, {}).cycle == Names{"a", "b", "c", "a"});
}

TEST_CASE("role graph: what is listed counts where the roles do not say the contrary") {
  std::vector<Role> roles = {role("a"), role("b", {"a"}), role("c", {}, {"b"}), role("d")};
  auto result = order_roles(Names{"a", "b", "c", "d"}, roles, Names{"d", "c", "absent", "a"});
  CHECK(result.cycle.empty());
  // "a" cannot follow "c", which waits for "b" and so for "a".
  CHECK(result.order == Names{"a", "b", "d", "c"});
  REQUIRE(result.contrary.size() == 1);
  CHECK(result.contrary[0].first == "c");
  CHECK(result.contrary[0].second == "a");
}

TEST_CASE("role graph: no list makes a cycle") {
  rc::check("listed orders", [] {
    Names names{"a", "b", "c", "d", "e"};
    std::vector<Role> roles;
    for (std::size_t i = 0; i < names.size(); ++i) {
      Names after;
      for (std::size_t j = 0; j < i; ++j) {
        if (*rc::gen::inRange(0, 3) == 0) after.push_back(names[j]);
      }
      roles.push_back(role(names[i], {}, after));
    }
    auto listed = names;
    for (std::size_t i = listed.size(); i > 1; --i) {
      std::swap(listed[i - 1], listed[*rc::gen::inRange<std::size_t>(0, i)]);
    }
    auto result = order_roles(names, roles, listed);
    RC_ASSERT(result.cycle.empty());
    RC_ASSERT(result.order.size() == names.size());
  });
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
