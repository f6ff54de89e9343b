// The example of a classroom, with the roles that are built in.
#include <doctest/doctest.h>

#include <filesystem>

#include "inventory/cluster.h"
#include "provisioner/classroom/template.h"

using namespace muster;

TEST_CASE("examples: the classroom's template and roster are right") {
  const auto folder = std::filesystem::path(MUSTER_SOURCE_DIR) / "examples/classroom";
  const auto roles = load_roles({});
  const DefinitionRules rules{roles, {"local"}};
  auto made_of = read_template(folder / "template.json", {}, rules);
  CHECK(made_of.diagnostics.render() == "");
  CHECK(made_of.classroom == "lab");
  auto roster = read_roster(folder / "roster.csv");
  CHECK(roster.diagnostics.render() == "");
  CHECK(roster.students.size() == 3);
  for (const auto& student : roster.students) {
    auto result = definition_of(made_of, student, rules);
    auto cluster = expand(result.definition, roles, result.diagnostics);
    CHECK(result.diagnostics.render() == "");
    CHECK(cluster.nodes.size() == 2);
    CHECK(cluster.settings.login_user == "student");
  }
}
