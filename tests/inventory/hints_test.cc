// Whose hints count: the block's, the definition's, the provider's own.
#include <doctest/doctest.h>

#include "inventory/cluster.h"
#include "tests/definition/support.h"

using namespace muster;

namespace {

Cluster expanded_with(const std::string& text) {
  DefinitionRules rules{testing::roles(), {"inventory", "local"}};
  rules.named = {{"lab", "local", R"({"a":1,"b":1,"c":1})"},
                 {"rack", "inventory", R"({"file":"h"})"}};
  auto result = parse_definition("demo.json", text, {}, rules);
  REQUIRE(testing::mistakes(result.diagnostics) == "");
  return expand(result.definition, testing::roles(), result.diagnostics);
}

}  // namespace

TEST_CASE("hints: a provider's own lie below the definition's, and these below the block's") {
  auto cluster = expanded_with(
      testing::definition(R"("provider": {"name": "lab", "hints": {"b": 2, "c": 2}},)",
                          R"([{"roles": ["etcd", "k8s-master"]},
          {"roles": ["k8s-worker"], "prefix": "x", "hints": {"c": 3}},
          {"roles": ["k8s-worker"], "prefix": "y", "provider": {"name": "lab", "hints": {"d": 4}}},
          {"roles": ["k8s-worker"], "prefix": "z", "provider": {"name": "local"}}])"));
  CHECK(cluster.nodes[0].hints == R"({"a":1,"b":2,"c":2})");
  CHECK(cluster.nodes[0].provider == "lab");
  CHECK(cluster.nodes[1].hints == R"({"a":1,"b":2,"c":3})");
  CHECK(cluster.nodes[2].hints == R"({"a":1,"b":2,"c":2,"d":4})");
  CHECK(cluster.nodes[3].hints == "{}");
}

TEST_CASE("hints: hosts go to a provider of kind inventory, whatever its name") {
  auto cluster =
      expanded_with(testing::definition(R"("provider": {"name": "rack"},)",
                                        R"([{"roles": ["etcd", "k8s-master"], "hosts": ["h1"]}])"));
  CHECK(cluster.nodes[0].name == "h1");
  CHECK(cluster.nodes[0].hints == R"({"file":"h","host":"h1"})");
}
