#include "provisioner/state/store.h"

#include <doctest/doctest.h>
#include <pwd.h>
#include <rapidcheck.h>

#include <tuple>

#include "provisioner/base/files.h"
#include "tests/state/support.h"

using namespace muster;

namespace {

DeploymentRecord record(const std::string& name, const std::string& text = "{}") {
  DeploymentRecord record;
  record.name = name;
  record.tenant = "acme";
  record.definition_file = name + ".json";
  record.definition_text = text;
  return record;
}

NodeRecord node(const std::string& name) {
  NodeRecord node;
  node.name = name;
  node.provider = "local";
  node.token = "token-" + name;
  return node;
}

auto fields(const NodeRecord& n) {
  std::string roles;
  for (const auto& role : n.roles) roles += role.role + "=" + role.fingerprint + ";";
  return std::tuple(n.name, n.provider, n.token, n.handle, n.state, n.endpoint.address,
                    n.endpoint.port, n.endpoint.user, n.endpoint.host_key, n.endpoint.identity,
                    n.endpoint.bastion, n.endpoint.cluster_address, n.pod_cidr, n.wanted_roles,
                    roles);
}

auto fields(const Event& e) {
  return std::tuple(e.type, e.time_ms, e.deployment, e.node, e.step, e.verb, e.role, e.task,
                    e.outcome, e.ms, e.steps, e.exit_code, e.command, e.output, e.message);
}

std::vector<std::string> names(const std::vector<NodeRecord>& nodes) {
  std::vector<std::string> names;
  for (const auto& node : nodes) names.push_back(node.name);
  return names;
}

std::string roles_of(Store& store, const std::string& deployment, const std::string& node) {
  std::string text;
  auto found = store.deployment(deployment).value();
  for (const auto& role : found.find(node)->roles) {
    text += role.role + "=" + role.fingerprint + " ";
  }
  return text;
}

}  // namespace

TEST_CASE("store: its id is made once, and differs between states") {
  TemporaryDirectory one;
  TemporaryDirectory two;
  auto id = open_store(one.state())->id();
  CHECK(id.size() == 16);
  CHECK(open_store(one.state())->id() == id);
  CHECK(open_store(two.state())->id() != id);
}

TEST_CASE("store: a deployment is what its last revision says") {
  TemporaryDirectory directory;
  auto store = open_store(directory.state());
  CHECK(!store->deployment("a"));
  CHECK(store->begin_revision(record("a", "one"), "muster apply") == 1);
  store->mark_applied("a", true);
  CHECK(store->deployment("a")->applied);

  auto second = record("a", "two");
  second.tenant = "other";
  second.definition_file = "b.json";
  CHECK(store->begin_revision(second, "muster apply") == 2);
  auto found = store->deployment("a").value();
  CHECK(found.name == "a");
  CHECK(found.tenant == "other");
  CHECK(found.revision == 2);
  CHECK(found.definition_file == "b.json");
  CHECK(found.definition_text == "two");
  CHECK(!found.applied);
}

TEST_CASE("store: what is made of a definition is kept with its revision") {
  TemporaryDirectory directory;
  auto store = open_store(directory.state());
  auto first = record("a", "one");
  first.definition_defaults = {{"k8s-version", "v1.36.3"}, {"odd", "a=b"}};
  first.wanted_nodes = 3;
  store->begin_revision(first, "muster apply");
  CHECK(store->deployment("a")->definition_defaults == first.definition_defaults);
  CHECK(store->deployment("a")->wanted_nodes == 3);
  store->begin_revision(record("a", "two"), "muster apply");
  CHECK(store->deployment("a")->definition_defaults.empty());
  CHECK(store->deployment("a")->wanted_nodes == -1);
  const std::map<std::string, std::string> learned = {{"k8s-version", "v1.37.2"}};
  auto second = record("a", "two");
  second.definition_defaults = learned;
  second.wanted_nodes = 0;
  store->mark_definition(second);
  CHECK(store->deployment("a")->definition_defaults == learned);
  CHECK(store->deployment("a")->wanted_nodes == 0);
  CHECK(store->revisions("a")[0].definition_defaults == first.definition_defaults);
  CHECK(store->revisions("a")[1].definition_defaults == learned);
}

TEST_CASE("store: what an atomic apply goes back to is known until it ends well") {
  TemporaryDirectory directory;
  auto store = open_store(directory.state());
  store->begin_revision(record("a", "one"), "muster apply");
  CHECK(!store->deployment("a")->undo_to);
  store->mark_undo("a", 0);
  CHECK(store->deployment("a")->undo_to == 0);
  store->begin_revision(record("a", "two"), "muster apply");
  CHECK(!store->deployment("a")->undo_to);
  auto atomic = record("a", "three");
  atomic.undo_to = 0;
  store->begin_revision(atomic, "muster apply --atomic");
  CHECK(store->deployment("a")->undo_to == 0);
  store->mark_applied("a", false);
  CHECK(store->deployment("a")->undo_to == 0);
  store->mark_applied("a", true);
  CHECK(!store->deployment("a")->undo_to);
  store->mark_undo("a", 2);
  store->mark_undo("a", std::nullopt);
  CHECK(!store->deployment("a")->undo_to);
}

TEST_CASE("store: deployments come sorted by name, each with its own nodes") {
  TemporaryDirectory directory;
  auto store = open_store(directory.state());
  for (const char* name : {"b", "a"}) {
    store->begin_revision(record(name), "muster apply");
    store->put_node(name, node(std::string(name) + "-1"));
  }
  auto all = open_store(directory.state())->deployments();
  REQUIRE(all.size() == 2);
  CHECK(all[0].name == "a");
  CHECK(names(all[0].nodes) == std::vector<std::string>{"a-1"});
  CHECK(all[1].name == "b");
  CHECK(names(all[1].nodes) == std::vector<std::string>{"b-1"});
}

TEST_CASE("store: every revision is kept with its time and user, also when all is forgotten") {
  TemporaryDirectory directory;
  FakeClock clock;
  auto store = open_store(directory.state(), clock);
  store->begin_revision(record("a", "one"), "muster apply");
  clock.now += 5;
  store->begin_revision(record("a", "two"), "muster apply");
  clock.now += 5;
  store->mark_applied("a", true);
  clock.now += 5;
  store->mark_applied("a", false);  // a later run that failed
  store->forget_deployment("a");
  auto revisions = store->revisions("a");
  REQUIRE(revisions.size() == 2);
  CHECK(revisions[0].revision == 1);
  CHECK(revisions[0].definition_text == "one");
  CHECK(revisions[0].definition_file == "a.json");
  CHECK(revisions[0].created_ms == 1'000'000);
  CHECK(revisions[0].user == ::getpwuid(::geteuid())->pw_name);
  CHECK(revisions[1].revision == 2);
  CHECK(revisions[1].created_ms == 1'000'005);
  CHECK(revisions[0].command == "muster apply");
  CHECK(revisions[0].applied_ms == 0);
  CHECK(revisions[1].applied_ms == 1'000'010);
  CHECK(store->begin_revision(record("a"), "muster apply") == 3);
  CHECK(store->revisions("b").empty());
}

TEST_CASE("store: a node comes back with every field, and a new revision keeps it") {
  TemporaryDirectory directory;
  auto store = open_store(directory.state());
  store->begin_revision(record("a"), "muster apply");
  auto put = node("n-1");
  put.handle = "handle";
  put.state = NodeState::destroying;
  put.endpoint = {"10.1.2.3",      2222,          "debian",  "ssh-ed25519 AAAA",
                  "/home/ann/key", "ann@jump:22", "10.2.2.3"};
  put.pod_cidr = "10.244.3.0/24";
  put.wanted_roles = {"etcd", "k8s-master"};
  store->put_node("a", put);
  store->begin_revision(record("a"), "muster apply");
  store.reset();
  auto found = open_store(directory.state())->deployment("a").value();
  REQUIRE(found.nodes.size() == 1);
  CHECK(fields(found.nodes[0]) == fields(put));
}

TEST_CASE("store: putting a node again changes it in its place and leaves its roles alone") {
  TemporaryDirectory directory;
  auto store = open_store(directory.state());
  store->begin_revision(record("a"), "muster apply");
  for (const char* name : {"n-2", "n-1"}) store->put_node("a", node(name));
  store->put_role("a", "n-2", {"etcd", "f1"});
  auto changed = node("n-2");
  changed.state = NodeState::ready;
  changed.handle = "h";
  changed.roles = {{"other", "f9"}};
  store->put_node("a", changed);
  auto found = store->deployment("a").value();
  CHECK(names(found.nodes) == std::vector<std::string>{"n-2", "n-1"});
  CHECK(found.nodes[0].state == NodeState::ready);
  CHECK(found.nodes[0].handle == "h");
  CHECK(roles_of(*store, "a", "n-2") == "etcd=f1 ");
  CHECK(roles_of(*store, "a", "n-1").empty());
}

TEST_CASE("store: roles stay in the order in which they were first applied") {
  TemporaryDirectory directory;
  auto store = open_store(directory.state());
  store->begin_revision(record("a"), "muster apply");
  store->put_node("a", node("n"));
  for (const char* role : {"base", "etcd", "access"}) store->put_role("a", "n", {role, "1"});
  store->put_role("a", "n", {"base", "2"});
  CHECK(roles_of(*store, "a", "n") == "base=2 etcd=1 access=1 ");
  store->forget_role("a", "n", "etcd");
  store->put_role("a", "n", {"etcd", "3"});
  CHECK(roles_of(*store, "a", "n") == "base=2 access=1 etcd=3 ");
}

TEST_CASE("store: a forgotten node takes its roles along and no other node's") {
  TemporaryDirectory directory;
  auto store = open_store(directory.state());
  store->begin_revision(record("a"), "muster apply");
  for (const char* name : {"n-1", "n-2"}) {
    store->put_node("a", node(name));
    store->put_role("a", name, {"etcd", "1"});
  }
  store->forget_node("a", "n-1");
  store->put_node("a", node("n-1"));
  CHECK(roles_of(*store, "a", "n-1").empty());
  CHECK(roles_of(*store, "a", "n-2") == "etcd=1 ");
}

TEST_CASE("store: forgetting a deployment called tenant leaves the tenants' keys") {
  TemporaryDirectory directory;
  auto store = open_store(directory.state());
  store->begin_revision(record("tenant"), "muster apply");
  store->put_secret(tenant_scope("lab"), "ssh", Secret("kept"));
  store->forget_deployment("tenant");
  CHECK(store->secret(tenant_scope("lab"), "ssh")->reveal() == "kept");
}

TEST_CASE("store: a forgotten deployment takes its nodes and secrets, and nothing of others") {
  TemporaryDirectory directory;
  auto store = open_store(directory.state());
  for (const char* name : {"a", "ab"}) {
    store->begin_revision(record(name), "muster apply");
    store->put_node(name, node("n"));
    store->put_secret(deployment_scope(name), "key", Secret("1"));
    store->put_secret(tenant_scope(name), "key", Secret("2"));
  }
  auto run = store->begin_run("a", "muster apply a.json");
  store->forget_deployment("a");
  CHECK(!store->deployment("a"));
  CHECK(!store->secret(deployment_scope("a"), "key"));
  CHECK(store->secret(tenant_scope("a"), "key")->reveal() == "2");
  CHECK(store->deployment("ab")->nodes.size() == 1);
  CHECK(store->secret(deployment_scope("ab"), "key")->reveal() == "1");
  REQUIRE(store->runs("a").size() == 1);
  CHECK(store->runs("a")[0].id == run);
  store->begin_revision(record("a"), "muster apply");
  CHECK(store->deployment("a")->nodes.empty());
}

TEST_CASE("store: what is not there can be forgotten and marked") {
  TemporaryDirectory directory;
  auto store = open_store(directory.state());
  store->mark_applied("a", true);
  store->forget_deployment("a");
  store->forget_node("a", "n");
  store->forget_role("a", "n", "etcd");
  store->release_lease("a");
  CHECK(store->deployments().empty());
}

TEST_CASE("store: a node of a deployment that is gone is refused") {
  TemporaryDirectory directory;
  auto store = open_store(directory.state());
  CHECK(state_error([&] { store->put_node("a", node("n")); }) ==
        "what it belongs to is no longer in the state file '" + directory.file().string() +
            "'\n"
            "  while recording the node 'n'\n"
            "  another muster may have removed it; see what 'muster list' says");
  store->begin_revision(record("a"), "muster apply");
  CHECK(state_error([&] { store->put_role("a", "n", {"etcd", "1"}); }) != "");
}

TEST_CASE("store: secrets are any bytes, and can be replaced") {
  TemporaryDirectory directory;
  auto store = open_store(directory.state());
  CHECK(!store->secret("a", "key"));
  std::string bytes("\0\xff\n'\"", 5);
  store->put_secret("a", "key", Secret("first"));
  store->put_secret("a", "key", Secret(bytes));
  store->put_secret("a", "empty", Secret(""));
  CHECK(store->secret("a", "key")->reveal() == bytes);
  CHECK(store->secret("a", "empty")->empty());
  CHECK(!store->secret("b", "key"));
}

TEST_CASE("store: a deployment that is gone gets no secrets any more") {
  TemporaryDirectory directory;
  auto store = open_store(directory.state());
  store->begin_revision(record("a"), "muster apply");
  store->put_secret(deployment_scope("a"), "key", Secret("1"));
  store->forget_deployment("a");
  CHECK(state_error([&] { store->put_secret(deployment_scope("a"), "key", Secret("2")); }) ==
        "there is no deployment 'a' any more\n"
        "  another muster may have destroyed it; see: muster list");
  store->begin_revision(record("a"), "muster apply");
  CHECK(!store->secret(deployment_scope("a"), "key"));
}

TEST_CASE("store: secrets are put all at once, and only where nobody was faster") {
  TemporaryDirectory directory;
  auto store = open_store(directory.state());
  auto other = open_store(directory.state());
  const auto nothing = store->secrets("a", {"key", "crt"});
  CHECK(other->put_secrets("a", {{"key", Secret("1")}, {"crt", Secret("one")}}, nothing));
  CHECK_FALSE(store->put_secrets("a", {{"key", Secret("2")}, {"crt", Secret("two")}}, nothing));
  auto seen = store->secrets("a", {"key", "crt"});
  CHECK(seen["key"]->reveal() == "1");
  CHECK(seen["crt"]->reveal() == "one");
  // Of all that was seen, also what is not put.
  CHECK(store->put_secrets("a", {{"crt", Secret("two")}}, seen));
  CHECK_FALSE(other->put_secrets("a", {{"new", Secret("x")}}, seen));
  CHECK_FALSE(store->secret("a", "new"));
  seen = store->secrets("a", {"crt", "empty"});
  store->put_secret("a", "empty", Secret(""));
  CHECK_FALSE(store->put_secrets("a", {{"crt", Secret("three")}}, seen));
}

TEST_CASE("store: a forgotten secret leaves no bytes behind") {
  TemporaryDirectory directory;
  const std::string secret = "do-not-find-me";
  auto store = open_store(directory.state());
  store->begin_revision(record("a"), "muster apply");
  store->put_secret(deployment_scope("a"), "key", Secret(secret));
  store.reset();
  CHECK(read_file(directory.file()).find(secret) != std::string::npos);
  open_store(directory.state())->forget_deployment("a");
  for (const auto& entry : std::filesystem::directory_iterator(directory.state())) {
    CHECK(read_file(entry.path()).find(secret) == std::string::npos);
  }
}

TEST_CASE("store: a run has no end until it says so") {
  TemporaryDirectory directory;
  FakeClock clock;
  auto store = open_store(directory.state(), clock);
  auto first = store->begin_run("a", "muster apply a.json");
  clock.now += 7;
  auto second = store->begin_run("a", "muster destroy a");
  CHECK(first != second);
  store->finish_run(second, "failed");
  auto runs = store->runs("a");
  REQUIRE(runs.size() == 2);
  CHECK(runs[0].id == first);
  CHECK(runs[0].deployment == "a");
  CHECK(runs[0].command == "muster apply a.json");
  CHECK(runs[0].started_ms == 1'000'000);
  CHECK(runs[0].finished_ms == 0);
  CHECK(runs[0].result.empty());
  CHECK(runs[1].finished_ms == 1'000'007);
  CHECK(runs[1].result == "failed");
  CHECK(store->runs("b").empty());
}

TEST_CASE("store: events come back as they were, in order, with their run") {
  TemporaryDirectory directory;
  auto store = open_store(directory.state());
  auto other = store->begin_run("a", "");
  rc::check("any event", [&] {
    Event event;
    event.type = static_cast<EventType>(*rc::gen::inRange(0, 7));
    event.outcome = static_cast<Outcome>(*rc::gen::inRange(0, 6));
    for (auto* number : {&event.time_ms, &event.ms}) *number = *rc::gen::arbitrary<std::int64_t>();
    for (auto* number : {&event.steps, &event.exit_code}) *number = *rc::gen::arbitrary<int>();
    for (auto* text : {&event.deployment, &event.node, &event.step, &event.verb, &event.role,
                       &event.task, &event.command, &event.output, &event.message}) {
      *text = *rc::gen::arbitrary<std::string>();
    }
    auto run = store->begin_run("a", "");
    store->journal(run, event);
    store->journal(other, event);
    store->journal(run, Event{});
    auto events = store->events(run);
    RC_ASSERT(events.size() == 2U);
    RC_ASSERT(fields(events[0]) == fields(event));
    RC_ASSERT(fields(events[1]) == fields(Event{}));
  });
  CHECK(store->events(other).size() > 1);
  CHECK(store->events(0).empty());
}

TEST_CASE("store: how long steps take is replaced by kind, and outlives every deployment") {
  TemporaryDirectory directory;
  {
    auto store = open_store(directory.state());
    CHECK(store->durations().empty());
    store->put_durations({{"create", "", "local", 2000, 1}, {"apply", "etcd", "", 700, 3}});
    store->put_durations({{"create", "", "other", 9000, 1}, {"apply", "etcd", "", 800, 4}});
    store->put_durations({});
  }
  std::vector<std::string> lines;
  for (const auto& known : open_store(directory.state())->durations()) {
    lines.push_back(known.verb + " " + known.role + known.provider + " " +
                    std::to_string(known.ms) + " " + std::to_string(known.samples));
  }
  CHECK(lines ==
        std::vector<std::string>{"apply etcd 800 4", "create local 2000 1", "create other 9000 1"});
}

TEST_CASE("store: what is written together is there together") {
  TemporaryDirectory directory;
  auto store = open_store(directory.state());
  auto other = open_store(directory.state());
  store->begin_revision(record("a"), "muster apply");
  store->together([&] {
    store->put_node("a", node("n1"));
    store->put_role("a", "n1", {"base", "f"});
    CHECK(roles_of(*store, "a", "n1") == "base=f ");
    CHECK(other->deployment("a")->nodes.empty());
    store->put_node("a", node("n2"));
  });
  CHECK(names(other->deployment("a")->nodes) == std::vector<std::string>{"n1", "n2"});
  CHECK(roles_of(*other, "a", "n1") == "base=f ");
}

TEST_CASE("store: of what is written together nothing stays when it throws") {
  TemporaryDirectory directory;
  auto store = open_store(directory.state());
  store->begin_revision(record("a"), "muster apply");
  CHECK_THROWS_WITH_AS(store->together([&] {
    store->put_node("a", node("n1"));
    throw Error("no");
  }),
                       "no", Error);
  CHECK(store->deployment("a")->nodes.empty());
  store->put_node("a", node("n2"));
  CHECK(names(store->deployment("a")->nodes) == std::vector<std::string>{"n2"});
}

TEST_CASE("store: a write that fails among others is undone alone") {
  TemporaryDirectory directory;
  auto store = open_store(directory.state());
  store->begin_revision(record("a"), "muster apply");
  store->together([&] {
    store->put_node("a", node("n1"));
    CHECK_THROWS_AS(store->put_role("a", "nobody", {"base", "f"}), Error);
    store->put_node("a", node("n2"));
  });
  CHECK(names(store->deployment("a")->nodes) == std::vector<std::string>{"n1", "n2"});
}

TEST_CASE("store: a deployment's end is kept by new revisions, and goes with the deployment") {
  TemporaryDirectory directory;
  auto store = open_store(directory.state());
  store->begin_revision(record("a", "one"), "");
  CHECK(store->deployment("a")->expires_ms == 0);
  store->mark_expiry("a", 1'900'000'000'000);
  store->begin_revision(record("a", "two"), "");
  store->mark_applied("a", true);
  CHECK(open_store(directory.state())->deployment("a")->expires_ms == 1'900'000'000'000);
  CHECK(store->deployments().front().expires_ms == 1'900'000'000'000);
  store->mark_expiry("a", 0);
  CHECK(store->deployment("a")->expires_ms == 0);
  store->mark_expiry("a", 5);
  store->forget_deployment("a");
  store->begin_revision(record("a", "one"), "");
  CHECK(store->deployment("a")->expires_ms == 0);
}
