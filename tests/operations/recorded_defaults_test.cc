// What a deployment means by what its definition leaves out, once another muster has other
// defaults.
#include <doctest/doctest.h>

#include "provisioner/operations/revisions.h"
#include "tests/support/trial.h"

using namespace muster;
using namespace muster::testing;

namespace {

constexpr char kText[] = R"({"name": "d", "commit": false, "nodes": [
  {"prefix": "m", "roles": ["etcd", "k8s-master"]}]})";

/// As a muster reads it whose default release is this one; empty: today's.
DefinitionResult read(const std::string& release) {
  DefinitionRules rules{built_in_roles(), {"local"}};
  if (!release.empty()) rules.defaults["k8s-version"] = release;
  auto input = parse_definition("d.json", kText, {}, rules);
  REQUIRE(input.diagnostics.render() == "");
  return input;
}

DeploymentRecord apply(Trial& trial, const DefinitionResult& input) {
  RunOptions options;
  options.command = "muster apply d.json";
  REQUIRE(muster::apply(trial.world(), {&input, {}, false}, options).run.good());
  return trial.store().deployment("d").value();
}

std::string release_on_record(Trial& trial) {
  auto world = trial.world();
  return recorded_settings(world, trial.store().deployment("d").value()).value().settings.version;
}

}  // namespace

TEST_CASE("recorded defaults: a deployment has the release that it was made with") {
  Trial trial;
  CHECK(apply(trial, read("v1.36.3")).revision == 1);
  CHECK(release_on_record(trial) == "v1.36.3");
  CHECK(apply(trial, read("v1.36.3")).revision == 1);

  auto today = read("");
  plan_definition(trial.world(), today.definition, Against::record, today.diagnostics);
  CHECK(today.diagnostics.render() ==
        "d.json: warning: the definition leaves out 'k8s-version', which now means v1.37.2; 'd' has"
        " v1.36.3\n  to keep that: --set attribs.k8s-version=v1.36.3\n");

  CHECK(apply(trial, today).revision == 2);
  CHECK(release_on_record(trial) == "v1.37.2");
  CHECK(revision_before(trial.store(), "d") == 1);
  REQUIRE(trial.roll_back(1).run.good());
  CHECK(trial.store().deployment("d")->revision == 3);
  CHECK(release_on_record(trial) == "v1.36.3");
}

TEST_CASE("recorded defaults: what an old record does not know is known from the next apply on") {
  Trial trial;
  DeploymentRecord old;
  old.name = "d";
  old.tenant = "default";
  old.definition_file = "d.json";
  old.definition_text = kText;
  trial.store().begin_revision(old, "muster apply d.json");
  auto record = apply(trial, read(""));
  CHECK(record.revision == 1);
  CHECK(record.definition_defaults.at("k8s-version") == "v1.37.2");
}
