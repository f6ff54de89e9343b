// The examples with the roles that are built in, as far as a plan.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "inventory/cluster.h"
#include "provisioner/definition/definition.h"
#include "provisioner/plan/plan.h"

using namespace muster;

namespace {

const std::filesystem::path kRoot = MUSTER_SOURCE_DIR;

struct Planned {
  std::string messages;
  Plan plan;
};

Planned plan_of(const std::filesystem::path& file, const std::vector<std::string>& set = {}) {
  static const auto roles = load_roles({});
  auto read = read_definition(file, {set, std::nullopt}, {roles, {"local", "inventory"}});
  Planned planned;
  if (read.plannable) {
    auto cluster = expand(read.definition, roles, read.diagnostics);
    planned.plan = plan_apply(cluster, roles, nullptr);
  }
  planned.messages = read.diagnostics.render();
  return planned;
}

/// The place of the first step that applies `role`.
std::ptrdiff_t first_of(const Plan& plan, const std::string& role) {
  auto found = std::find_if(plan.steps.begin(), plan.steps.end(),
                            [&](const Step& step) { return step.role == role; });
  return found - plan.steps.begin();
}

}  // namespace

TEST_CASE("examples: each has a plan without a cycle") {
  int count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kRoot / "examples")) {
    if (entry.path().extension() != ".json" && entry.path().extension() != ".yaml") continue;
    CAPTURE(entry.path().string());
    auto planned = plan_of(entry.path());
    CHECK_FALSE(planned.plan.empty());
    CHECK_FALSE(find_cycle(planned.plan));
    if (entry.path().filename() != "cluster01.json") CHECK(planned.messages == "");
    ++count;
  }
  CHECK(count >= 7);
}

TEST_CASE("examples: Digital Rebar's order, workers before masters, is taken as it is") {
  auto planned = plan_of(kRoot / "examples/digital-rebar.json");
  CHECK(planned.messages == "");
  CHECK(planned.plan.steps.size() > 30);
  CHECK_FALSE(find_cycle(planned.plan));
}

TEST_CASE("examples: an order that the roles contradict gives way in the checks and in the plan") {
  auto file = kRoot / "examples/digital-rebar.json";
  auto planned = plan_of(file, {R"(role_apply_order=["k8s-addons", "k8s-worker", "etcd"])"});
  CHECK(planned.messages ==
        file.string() +
            ": warning: --set role_apply_order: 'role_apply_order' lists 'etcd' after "
            "'k8s-worker', which waits for it: the roles' own order holds\n");
  CHECK_FALSE(find_cycle(planned.plan));
  CHECK(first_of(planned.plan, "etcd") < first_of(planned.plan, "k8s-addons"));
}
