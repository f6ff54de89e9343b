#include "provisioner/operations/definition_secrets.h"

#include <doctest/doctest.h>

#include "tests/support/demo_cluster.h"
#include "tests/support/folder.h"

using namespace muster;
using namespace muster::testing;

TEST_CASE("secrets of a definition: kept, found again when crossed out, and counted") {
  TestFolder folder;
  auto store = open_store(folder.path());
  const std::string settings =
      R"("registries": {"docker.io": {"auth": {"username": "ann", "password": "PASSWORD"}}},)";
  auto with = [&](const std::string& password) {
    auto text = settings;
    return DemoCluster(text.replace(text.find("PASSWORD"), 8, password));
  };
  auto take = [&](DemoCluster& made, Diagnostics& diagnostics) {
    made.cluster.secrets.clear();
    take_secrets(*store, made.definition.definition, made.cluster, diagnostics);
  };
  const auto name = registry_secret("docker.io");

  auto first = with("geheim");
  Diagnostics none;
  take(first, none);
  CHECK(first.cluster.secrets.at(name).version == 1);
  take(first, none);
  CHECK(first.cluster.secrets.at(name).version == 1);  // a plan keeps nothing

  DeploymentRecord record;
  record.name = "demo";
  record.tenant = "default";
  store->begin_revision(record, "test");
  keep_secrets(*store, first.cluster);
  take(first, none);
  CHECK(first.cluster.secrets.at(name).version == 1);

  auto recorded =
      parse_recorded_definition("demo.json", first.definition.text, {}, {first.roles, {"local"}});
  REQUIRE(recorded.diagnostics.render() == "");
  Cluster cluster;
  take_secrets(*store, recorded.definition, cluster, none);
  CHECK(cluster.secrets.at(name).value.reveal() == "geheim");
  CHECK(cluster.secrets.at(name).version == 1);

  auto second = with("anderes");
  take(second, none);
  CHECK(second.cluster.secrets.at(name).value.reveal() == "anderes");
  CHECK(second.cluster.secrets.at(name).version == 2);
  CHECK(none.render() == "");
}

TEST_CASE("secrets of a definition: one that is crossed out and not kept is a mistake") {
  TestFolder folder;
  auto store = open_store(folder.path());
  auto roles = load_roles({});
  auto definition = parse_definition(
      "demo.json",
      R"({"name": "demo", "registries": {"docker.io": {"auth": {"username": "ann", "password": "xxxx"}}}, )" +
          kDemoNodes,
      {}, {roles, {"local"}});
  REQUIRE(definition.diagnostics.render() == "");
  Cluster cluster;
  take_secrets(*store, definition.definition, cluster, definition.diagnostics);
  REQUIRE(definition.diagnostics.items().size() == 1);
  const auto& mistake = definition.diagnostics.items().front();
  CHECK(mistake.message ==
        "the password of the registry 'docker.io' is crossed out, and none is kept");
  CHECK(mistake.hint == "write it; 'demo' was never applied with it");
  CHECK(mistake.at.line == 1);
}
