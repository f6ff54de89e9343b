#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "inventory/cluster.h"
#include "provisioner/definition/definition.h"
#include "provisioner/definition/role.h"

namespace muster::testing {

inline const std::string kDemoNodes =
    R"("nodes": [{"prefix": "m", "roles": ["etcd", "k8s-master"]}, {"prefix": "w", "roles": ["k8s-worker"]}]})";

/// A master and a worker by a definition named "demo", of which a test says the `settings`:
/// members, each with its comma.
struct DemoCluster {
  std::vector<Role> roles = load_roles({});
  DefinitionResult definition;
  Cluster cluster;

  explicit DemoCluster(const std::string& settings) {
    definition = parse_definition("demo.json", "{\"name\": \"demo\", " + settings + kDemoNodes, {},
                                  {roles, {"local"}});
    REQUIRE(definition.diagnostics.render() == "");
    cluster = expand(definition.definition, roles, definition.diagnostics);
  }
};

}  // namespace muster::testing
