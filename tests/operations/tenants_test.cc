// What a tenant may have, and what uses a provider.
#include "provisioner/operations/tenants.h"

#include <doctest/doctest.h>

#include <future>
#include <set>

#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/operations/named_providers.h"
#include "provisioner/run/access.h"
#include "tests/support/trial.h"

using namespace muster;
using namespace muster::testing;

namespace {

using Names = std::vector<std::string>;

void set_quota(Store& store, int nodes, int deployments) {
  store.update_tenant({0, kDefaultTenant, "", nodes, deployments, 0});
}

/// Another deployment of `nodes` nodes.
void begin_other(Store& store, const std::string& name, int nodes,
                 const std::string& tenant = kDefaultTenant,
                 const std::string& provider = "local") {
  DeploymentRecord record;
  record.name = name;
  record.tenant = tenant;
  record.definition_file = name + ".json";
  record.definition_text = R"({"name": ")" + name + R"(", "tenant": ")" + tenant +
                           R"(", "provider": {"name": ")" + provider +
                           R"("}, "nodes": [{"roles": ["k8s-worker"], "count": )" +
                           std::to_string(nodes) + "}]}";
  store.begin_revision(record, "muster apply");
}

/// What an apply of one master and so many workers says, with its exit code.
std::string refusal(Trial& trial, int workers) {
  try {
    trial.apply(workers);
    return "";
  } catch (const Error& error) {
    return std::to_string(static_cast<int>(error.exit_code())) + " " + first_line(error.what());
  }
}

}  // namespace

TEST_CASE("tenants: runs that begin at the same time make one key") {
  TestFolder folder;
  std::vector<std::unique_ptr<Store>> stores;  // as of processes
  for (int i = 0; i < 4; ++i) stores.push_back(open_store(folder.path() / "state"));
  for (int round = 0; round < 10; ++round) {
    const auto tenant = "t" + std::to_string(round);
    std::vector<std::future<SshKeyPair>> made;
    for (int i = 0; i < 8; ++i) {
      auto& store = *stores[static_cast<std::size_t>(i) % stores.size()];
      made.push_back(std::async(std::launch::async, [&] { return tenant_key(store, tenant); }));
    }
    std::set<std::string> keys;
    for (auto& pair : made) {
      auto got = pair.get();
      keys.insert(got.public_key + got.private_key.reveal());
    }
    CHECK(keys.size() == 1);
  }
}

TEST_CASE("quota: the nodes of a tenant's other deployments count, and those wanted here") {
  Trial trial;
  begin_other(trial.store(), "o", 2);
  begin_other(trial.store(), "elsewhere", 9, "blue");
  set_quota(trial.store(), 5, 0);
  REQUIRE(trial.apply(2).good());
  CHECK(refusal(trial, 3) ==
        "2 d.json: error: the quota of tenant 'default' is 5 nodes: 2 are used by its other "
        "deployments, and 4 are wanted here");
  CHECK(trial.store().deployment("d")->revision == 1);
  CHECK(trial.provider->nodes.size() == 3);
  trial.store().forget_deployment("o");
  CHECK(trial.apply(3).good());
}

TEST_CASE("quota: one more deployment than allowed is refused, one that is there is not") {
  Trial trial;
  begin_other(trial.store(), "o", 1);
  set_quota(trial.store(), 0, 1);
  CHECK(refusal(trial, 1) ==
        "2 d.json: error: the quota of tenant 'default' is 1 deployment: 1 is used by its other "
        "deployments, and 1 is wanted here");
  CHECK_FALSE(trial.store().deployment("d"));
  CHECK(trial.provider->nodes.empty());
  set_quota(trial.store(), 0, 2);
  REQUIRE(trial.apply(1).good());
  set_quota(trial.store(), 0, 1);
  CHECK(trial.apply(2).good());
}

TEST_CASE("quota: below what a tenant has, deployments may stay and shrink, and not grow") {
  Trial trial;
  REQUIRE(trial.apply(3).good());
  set_quota(trial.store(), 2, 0);
  CHECK(trial.apply(3).good());
  CHECK(trial.apply(2).good());
  CHECK(refusal(trial, 3).starts_with("2 d.json: error: the quota of tenant 'default' is 2 nodes"));
}

TEST_CASE("quota: a deployment that another run began after the plan is seen") {
  Trial trial;
  set_quota(trial.store(), 3, 0);
  trial.confirm = [&](const Plan&) {
    begin_other(*trial.other_store(), "o", 2);
    return true;
  };
  CHECK(
      refusal(trial, 1) ==
      "2 the quota of tenant 'default' is 3 nodes: 2 are used by its other deployments, and 2 are "
      "wanted here");
  CHECK_FALSE(trial.store().deployment("d"));
  CHECK(trial.provider->nodes.empty());
}

TEST_CASE("quota: a deployment has the nodes on record, or those it wants when these are more") {
  Trial trial;
  REQUIRE(trial.apply(2).good());
  begin_other(trial.store(), "o", 4);
  DefinitionRules rules{built_in_roles(), {"local"}};
  auto use = use_of_tenant(trial.store(), rules, kDefaultTenant);
  CHECK(use.deployments == Names{"d", "o"});
  CHECK(use.nodes == 7);
  begin_other(trial.store(), "d", 1);  // two are still to go
  CHECK(use_of_tenant(trial.store(), rules, kDefaultTenant).nodes == 7);
  CHECK(use_of_tenant(trial.store(), rules, kDefaultTenant, "o").nodes == 3);
  // What a record tells is not read again.
  auto told = trial.store().deployment("o").value();
  told.wanted_nodes = 1;
  trial.store().mark_definition(told);
  CHECK(use_of_tenant(trial.store(), rules, kDefaultTenant, "d").nodes == 1);
  REQUIRE(trial.apply(3).good());
  CHECK(trial.store().deployment("d")->wanted_nodes == 4);
}

TEST_CASE("named providers: whoever names one, or has nodes of it, uses it") {
  Trial trial;
  auto& store = trial.store();
  store.create_provider({0, "lab", "local", "", R"({"cpus":1})", 0});
  begin_other(store, "named", 1, "blue", "lab");
  begin_other(store, "other", 1, "blue");
  begin_other(store, "left", 1, "blue");
  NodeRecord node;
  node.name = "n";
  node.provider = "lab";
  store.put_node("left", node);
  TestFolder folder;
  ProviderRegistry registry({folder.path()});
  auto rules = definition_rules(built_in_roles(), registry, &store);
  CHECK(users_of_provider(store.deployments(), rules, "lab") == Names{"left", "named"});
  CHECK(users_of_provider(store.deployments(), rules, "attic").empty());
  CHECK(rules.providers == Names{"exec", "inventory", "local"});
  REQUIRE(rules.named.size() == 1);
  CHECK(rules.named[0].hints == R"({"cpus":1})");
  CHECK(rules.tenants.at(1) == kDefaultTenant);
  CHECK(definition_rules(built_in_roles(), registry, nullptr).named.empty());
  give_names(registry, store);
  CHECK(&registry.get("lab") == &registry.get("local"));
}
