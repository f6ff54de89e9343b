// Tenants, providers, and the ids of deployments.
#include <SQLiteCpp/SQLiteCpp.h>
#include <doctest/doctest.h>

#include "provisioner/base/files.h"
#include "provisioner/state/schema.h"
#include "provisioner/state/store.h"
#include "tests/state/support.h"

using namespace muster;

namespace {

struct OwnersFixture {
  TemporaryDirectory directory;
  FakeClock clock;
  std::unique_ptr<Store> store = open_store(directory.state(), clock);

  std::int64_t begin(const std::string& name, const std::string& tenant) const {
    DeploymentRecord record;
    record.name = name;
    record.tenant = tenant;
    store->begin_revision(record, "muster apply");
    return store->deployment(name)->id;
  }
};

TenantRecord tenant(const std::string& name, int nodes = 0, int deployments = 0) {
  return {0, name, "of " + name, nodes, deployments, 0};
}

/// "1 default, 2 blue".
template <typename Record>
std::string ids(const std::vector<Record>& records) {
  std::string text;
  for (const auto& record : records) {
    text += (text.empty() ? "" : ", ") + std::to_string(record.id) + " " + record.name;
  }
  return text;
}

NodeRecord node_named(const std::string& name) {
  NodeRecord node;
  node.name = name;
  return node;
}

}  // namespace

TEST_CASE_FIXTURE(OwnersFixture, "owners: a tenant is made once, and keeps its id") {
  CHECK(ids(store->tenants()) == "1 default");
  auto made = store->create_tenant(tenant("blue", 4, 1));
  CHECK(made.id == 2);
  CHECK(made.description == "of blue");
  CHECK(made.max_nodes == 4);
  CHECK(made.max_deployments == 1);
  CHECK(made.created_ms == clock.now);
  clock.now += 5;
  auto again = store->create_tenant(tenant("blue", 9));  // another one's is left as it is
  CHECK(again.id == 2);
  CHECK(again.max_nodes == 4);
  store->update_tenant(tenant("blue", 9));
  auto changed = open_store(directory.state())->tenants().at(1);
  CHECK(changed.id == 2);
  CHECK(changed.max_nodes == 9);
  CHECK(changed.max_deployments == 0);
  CHECK(changed.created_ms == clock.now - 5);
}

TEST_CASE_FIXTURE(OwnersFixture, "owners: ids are never given twice") {
  store->create_tenant(tenant("blue"));
  store->forget_tenant("blue");
  CHECK(store->create_tenant(tenant("red")).id == 3);
  store->create_provider({0, "lab", "local", "", "{}", 0});
  store->forget_provider("lab");
  CHECK(store->create_provider({0, "lab", "local", "", "{}", 0}).id == 2);
  CHECK(begin("a", "red") == 1);
  CHECK(begin("b", "red") == 2);
  CHECK(begin("b", "red") == 2);  // a new revision
  store->forget_deployment("b");
  CHECK(begin("b", "red") == 3);
  CHECK(store->deployment("a")->id == 1);
  CHECK(ids(store->deployments()) == "1 a, 3 b");
}

TEST_CASE_FIXTURE(OwnersFixture, "owners: a deployment brings its tenant along, which stays") {
  begin("a", "blue");
  CHECK(ids(store->tenants()) == "1 default, 2 blue");
  store->update_tenant(tenant("blue", 4));
  begin("a", "blue");
  begin("b", "blue");
  CHECK(store->tenants().at(1).max_nodes == 4);
  store->forget_deployment("a");
  store->forget_deployment("b");
  CHECK(ids(store->tenants()) == "1 default, 2 blue");
}

TEST_CASE_FIXTURE(OwnersFixture,
                  "owners: a node of a provider by name knows of which kind that is") {
  begin("a", "blue");
  NodeRecord node;
  node.name = "n1";
  node.provider = "rack";
  store->put_node("a", node);
  CHECK(store->deployment("a")->find("n1")->provider_kind.empty());
  auto made = store->create_provider({0, "rack", "inventory", "of ours", R"({"file":"h"})", 0});
  CHECK(made.hints == R"({"file":"h"})");
  CHECK(store->create_provider({0, "rack", "local", "", "{}", 0}).kind == "inventory");
  CHECK(store->deployment("a")->find("n1")->provider_kind == "inventory");
}

TEST_CASE_FIXTURE(OwnersFixture,
                  "owners: secrets go with their tenant or provider, and no other's") {
  store->create_tenant(tenant("lab"));
  store->create_provider({0, "lab", "local", "", "{}", 0});
  store->put_secret(tenant_scope("lab"), "ssh", Secret("tenant-key"));
  store->put_secret(provider_scope("lab"), "token", Secret("provider-token"));
  store->put_secret(provider_scope("lab"), "key", Secret("k"));
  CHECK(store->secret_keys(provider_scope("lab")) == std::vector<std::string>{"key", "token"});
  store->forget_provider("lab");
  CHECK(store->secret_keys(provider_scope("lab")).empty());
  CHECK(store->secret(tenant_scope("lab"), "ssh")->reveal() == "tenant-key");
  store->forget_tenant("lab");
  CHECK_FALSE(store->secret(tenant_scope("lab"), "ssh"));
}

TEST_CASE("owners: states of before get a tenant and an id for each deployment") {
  TemporaryDirectory directory;
  make_directory(directory.state(), 0700);
  {
    SQLite::Database db(directory.file().string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    for (std::size_t version = 0; version < 4; ++version) db.exec(migrations()[version]);
    db.exec(
        "PRAGMA user_version=4;"
        "INSERT INTO deployments VALUES ('b', 'red', 1, 1, -1), ('a', 'default', 1, 1, -1),"
        " ('c', 'red', 1, 1, -1), ('d', 'blue', 1, 1, -1);"
        "INSERT INTO revisions VALUES ('a', 1, 'f', 'one', 5, 'ann', '', 6),"
        " ('b', 1, 'f', 'one', 5, 'ann', '', 6), ('c', 1, 'f', 'one', 5, 'ann', '', 6),"
        " ('d', 1, 'f', 'one', 5, 'ann', '', 6)");
  }
  auto store = open_store(directory.state());
  CHECK(ids(store->tenants()) == "1 default, 2 red, 3 blue");
  for (const auto& made : store->tenants()) {
    CHECK(made.max_nodes == 0);
    CHECK(made.created_ms > 1'600'000'000'000);
  }
  CHECK(ids(store->deployments()) == "2 a, 1 b, 3 c, 4 d");
}

TEST_CASE("owners: the sizes of all deployments are told at once") {
  TemporaryDirectory directory;
  auto store = open_store(directory.state());
  DeploymentRecord big;
  big.name = "big";
  big.tenant = "acme";
  big.wanted_nodes = 5;
  store->begin_revision(big, "muster apply");
  store->put_node("big", node_named("n-1"));
  store->put_node("big", node_named("n-2"));
  DeploymentRecord old;
  old.name = "a";
  old.tenant = "other";
  store->begin_revision(old, "muster apply");
  // The present revision counts.
  big.wanted_nodes = 1;
  store->begin_revision(big, "muster apply");
  const auto sizes = store->deployment_sizes();
  REQUIRE(sizes.size() == 2);
  CHECK(sizes[0].name == "a");
  CHECK(sizes[0].tenant == "other");
  CHECK(sizes[0].nodes == 0);
  CHECK(sizes[0].wanted_nodes == -1);
  CHECK(sizes[1].name == "big");
  CHECK(sizes[1].nodes == 2);
  CHECK(sizes[1].wanted_nodes == 1);
}
