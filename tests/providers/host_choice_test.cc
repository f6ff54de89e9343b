// Which host a node of the provider inventory gets: by labels, places and capacity; and how a host
// stays a node's when the file changes.
#include <doctest/doctest.h>

#include <set>
#include <thread>

#include "tests/support/yard.h"

using namespace muster;

namespace {

namespace fs = std::filesystem;

constexpr const char* kRacks =
    R"(  - {name: a1, address: 10.0.0.1, zone: a, rack: r1, labels: {disk: ssd}}
  - {name: a2, address: 10.0.0.2, zone: a, rack: r2, capacity: {cpus: 8, memory_mb: 16384}}
  - {name: b1, address: 10.0.0.3, zone: b, labels: {disk: ssd}}
  - {name: b2, address: 10.0.0.4, zone: b}
  - {name: c1, address: 10.0.0.5, zone: c, labels: {disk: hdd}}
)";
constexpr const char* kSsd = R"("labels": {"disk": "ssd"})";

}  // namespace

TEST_CASE("host choice: objections, machines, describe and create agree") {
  Yard yard;
  yard.write(kRacks);
  InventoryProvider provider(yard.claims());
  std::vector<NodeSpec> wanted{yard.spec("any-001"), yard.spec("any-002"), yard.spec("any-003"),
                               yard.spec("db-001", kSsd), yard.spec("db-002", kSsd)};
  for (auto& spec : wanted) spec.token.clear();  // as at plan time
  CHECK(provider.objections(wanted).empty());
  auto machines = provider.machines(wanted);
  auto notes = provider.describe(wanted);
  std::vector<std::string> expected{"10.0.0.2", "10.0.0.4", "10.0.0.5", "10.0.0.1", "10.0.0.3"};
  for (std::size_t i : {4U, 0U, 3U, 2U, 1U}) {
    CAPTURE(i);
    REQUIRE(machines[i]);
    CHECK(machines[i]->address == expected[i]);
    auto spec = wanted[i];
    spec.token = "t-" + spec.name;
    auto made = provider.create(spec);
    CHECK(made.endpoint.address == expected[i]);
    CHECK(made.labels == notes[i].labels);
    CHECK_FALSE(notes[i].own);
  }
  CHECK(notes[3].labels ==
        std::map<std::string, std::string>{
            {"disk", "ssd"}, {"muster/rack", "r1"}, {"topology.kubernetes.io/zone", "a"}});
}

TEST_CASE("host choice: three of a block are in three zones, a fourth where the fewest are") {
  Yard yard;
  yard.write(kRacks);
  InventoryProvider provider(yard.claims());
  CHECK(provider.objections({yard.spec("m-001"), yard.spec("m-002"), yard.spec("m-003")}).empty());
  std::set<std::string> zones;
  for (const char* name : {"m-001", "m-002", "m-003"}) {
    zones.insert(provider.create(yard.spec(name)).labels.at(kZoneLabel));
  }
  CHECK(zones == std::set<std::string>{"a", "b", "c"});
  InventoryProvider later(yard.claims());
  later.destroy("10.0.0.3:22/a-m-002");
  CHECK(later.objections({yard.spec("m-004")}).empty());
  CHECK(later.create(yard.spec("m-004")).labels.at(kZoneLabel) == "b");
}

TEST_CASE("host choice: what cannot be had is told, with what there is") {
  Yard yard;
  yard.write(kRacks);
  InventoryProvider provider(yard.claims());
  const auto file = "'" + yard.file() + "'";
  CHECK(provider.objections({yard.spec("x-1", R"("labels": {"disk": "nvme"})")}) ==
        std::vector<std::string>{"1 host with label disk=nvme is wanted: " + file +
                                 " has no host with label disk=nvme; 'disk' is hdd, ssd"});
  CHECK(provider.objections({yard.spec("x-1", R"("labels": {"gpu": "yes"})")}) ==
        std::vector<std::string>{"1 host with label gpu=yes is wanted: " + file +
                                 " has no host with label gpu=yes; no host has 'gpu'"});
  CHECK(provider.objections({yard.spec("x-1", R"("zone": "d")")})
            .front()
            .ends_with("'topology.kubernetes.io/zone' is a, b, c"));
  std::vector<NodeSpec> three{yard.spec("x-1", kSsd), yard.spec("x-2", kSsd),
                              yard.spec("x-3", kSsd)};
  CHECK(provider.objections(three) ==
        std::vector<std::string>{"3 hosts with label disk=ssd are wanted: " + file +
                                 " has 2 hosts with label disk=ssd, 2 of them free"});
  CHECK(message_of([&] { provider.create(yard.spec("y", R"("cpus": 9)")); }) ==
        "no host is free: " + file + " has no host with 9 cpus");
  CHECK(provider.objections({yard.spec("x-1", std::string(kSsd) + R"(, "host": "b2")")}) ==
        std::vector<std::string>{"the host 'b2' (10.0.0.4:22) is named for node 'x-1', whose hints "
                                 "ask for what it does not have: label disk=ssd"});
}

TEST_CASE("host choice: hints are checked") {
  Yard yard;
  yard.write(kRacks);
  InventoryProvider provider(yard.claims());
  CHECK(
      provider.validate(yard.spec("n", R"("cpus": -1, "disk_gb": 1.5, "labels": ["a"],
      "memory_mb": "much", "rack": 7, "server": "big", "zoen": "a")")
                            .hints) ==
      std::vector<std::string>{
          "the hint 'cpus' of the provider 'inventory' must be a number above 0",
          "the hint 'disk_gb' of the provider 'inventory' must be a whole number above 0",
          "the hint 'labels' of the provider 'inventory' must be an object of strings: "
          "{\"disk\": \"ssd\"}",
          "the hint 'memory_mb' of the provider 'inventory' must be a whole number above 0",
          "the hint 'rack' of the provider 'inventory' must be a string",
          "the provider 'inventory' has no hint 'server'; it has 'file', 'labels', 'zone', 'rack', "
          "'cpus', 'memory_mb', 'disk_gb'",
          "the provider 'inventory' has no hint 'zoen'; did you mean 'zone'?"});
}

TEST_CASE("host choice: without a hint it is the folder 'inventory', all files in it as one") {
  Yard yard;
  const auto before = fs::current_path();
  fs::current_path(yard.folder.path());
  InventoryProvider provider(yard.claims());
  auto missing = provider.validate("{}");
  REQUIRE(missing.size() == 1);
  CHECK(missing[0] == "the provider 'inventory' needs a hosts file: there is no folder '" +
                          (fs::current_path() / "inventory").string() +
                          "', and no hint names one: \"hints\": {\"file\": \"hosts.yaml\"}");
  fs::create_directory("inventory");
  CHECK(provider.validate("{}").front() ==
        "the hosts file has mistakes\ninventory: error: the folder has no hosts file: no *.yaml, "
        "*.yml or *.json");
  write_file("inventory/b.json", R"({"hosts": [{"name": "second", "address": "10.0.0.2"}]})");
  write_file("inventory/a.yaml", "hosts: [{name: first, address: 10.0.0.1}]\n");
  write_file("inventory/readme.txt", "not for muster");
  CHECK(provider.validate("{}").empty());
  auto spec = yard.spec("n-1");
  spec.hints = "{}";
  CHECK(provider.create(spec).endpoint.address == "10.0.0.1");
  write_file("inventory/c.yaml", "hosts: [{name: first, address: 10.0.0.2}]\n");
  auto twice = provider.validate("{}");
  REQUIRE(twice.size() == 1);
  CHECK(twice[0].find("inventory/c.yaml:1:16: error: the host name 'first' comes twice") !=
        std::string::npos);
  CHECK(twice[0].find("the first one is at inventory/a.yaml:1:16") != std::string::npos);
  CHECK(twice[0].find("the first one is at inventory/b.json:1:42") != std::string::npos);
  fs::current_path(before);
}

TEST_CASE(
    "host choice: another process takes what was planned: there is another one, or it says so") {
  Yard yard;
  yard.write(kRacks);
  InventoryProvider one(yard.claims());
  InventoryProvider two(yard.claims());
  CHECK(one.objections({yard.spec("x-1", kSsd), yard.spec("x-2")}).empty());
  CHECK(one.machines({yard.spec("x-1", kSsd)})[0]->address == "10.0.0.1");
  CHECK(two.create(yard.spec("y", kSsd, "b")).endpoint.address == "10.0.0.1");
  CHECK(one.create(yard.spec("x-1", kSsd)).endpoint.address == "10.0.0.3");
  CHECK(message_of([&] { one.create(yard.spec("x-3", kSsd)); })
            .starts_with("no host is free: '" + yard.file() +
                         "' has 2 hosts with label disk=ssd, 0 of them free (1 used by deployment "
                         "'a', 1 used by deployment 'b')"));
}

TEST_CASE("host choice: threads that create follow the plan, to the last host") {
  Yard yard;
  std::string hosts;
  for (int i = 1; i <= 40; ++i) {
    auto number = std::to_string(i);
    hosts += "  - {name: h-" + number + ", address: 10.0.0." + number + ", zone: z" +
             std::to_string(i % 3) + (i % 2 == 0 ? ", labels: {disk: ssd}" : "") + "}\n";
  }
  yard.write(hosts);
  InventoryProvider provider(yard.claims());
  std::vector<NodeSpec> wanted;
  for (int i = 0; i < 40; ++i) {
    wanted.push_back(yard.spec("n-" + std::to_string(i), i < 20 ? "" : kSsd));
  }
  REQUIRE(provider.objections(wanted).empty());
  std::vector<std::string> got(wanted.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t first = 0; first < 4; ++first) {
      threads.emplace_back([&, first] {
        for (auto i = first; i < wanted.size(); i += 4) {
          got[i] = provider.create(wanted[i]).endpoint.address;
        }
      });
    }
  }
  CHECK(std::set<std::string>(got.begin(), got.end()).size() == wanted.size());
  CHECK(got[39] != "");
}

TEST_CASE("a host that changed: its claim follows its name to a new address") {
  Yard yard;
  yard.write("  - {name: h, address: 10.0.0.1}\n  - {name: other, address: 10.0.0.2}\n");
  auto node = InventoryProvider(yard.claims()).create(yard.spec("n-1"));
  CHECK(node.handle == "10.0.0.1:22/a-n-1");
  yard.write(
      "  - {name: h, address: 10.0.0.9, port: 2222, user: ann, labels: {x: y}}\n"
      "  - {name: other, address: 10.0.0.2}\n");
  InventoryProvider provider(yard.claims());
  auto note = provider.describe({yard.spec("n-1")}).front();
  REQUIRE(note.own);
  CHECK(note.moved);
  CHECK(note.own->address == "10.0.0.9");
  CHECK(note.own->user == "ann");
  CHECK(note.labels == std::map<std::string, std::string>{{"x", "y"}});
  CHECK(fs::exists(yard.claims() / "10.0.0.1:22.json"));  // it has only been asked
  auto moved = provider.create(yard.spec("n-1"));
  CHECK(moved.handle == "10.0.0.9:2222/a-n-1");
  CHECK(fs::exists(yard.claims() / "10.0.0.9:2222.json"));
  CHECK_FALSE(fs::exists(yard.claims() / "10.0.0.1:22.json"));
  CHECK_FALSE(provider.describe({yard.spec("n-1")}).front().moved);
  SUBCASE("and is found by the handle that it had before") {
    InventoryProvider(yard.claims()).destroy(node.handle);
    CHECK(provider.list("state/a").empty());
  }
  SUBCASE("another file's host of that name is another host") {
    auto spec = yard.spec("n-1");
    write_file(yard.folder / "site-b.yaml", "hosts: [{name: h, address: 10.1.0.1}]\n");
    spec.hints = "{\"file\": \"" + (yard.folder / "site-b.yaml") + "\"}";
    CHECK_FALSE(provider.describe({spec}).front().own);
  }
  SUBCASE("when it leaves the file, its labels stay") {
    yard.write("  - {name: other, address: 10.0.0.2}\n");
    auto gone = provider.describe({yard.spec("n-1")}).front();
    CHECK_FALSE(gone.own);
    CHECK(gone.labels.count("x") == 1);
    fs::remove(yard.file());
    CHECK(provider.describe({yard.spec("n-1")}).front().labels.count("x") == 1);
  }
}

TEST_CASE("a host that changed: an address that is somebody else's is not followed") {
  Yard yard;
  yard.write("  - {name: h, address: 10.0.0.1}\n  - {name: other, address: 10.0.0.2}\n");
  InventoryProvider provider(yard.claims());
  provider.create(yard.spec("n-1", R"("host": "h")"));
  provider.create(yard.spec("n-2", R"("host": "other")", "b"));
  yard.write("  - {name: h, address: 10.0.0.2}\n");
  CHECK_FALSE(provider.describe({yard.spec("n-1", R"("host": "h")")}).front().own);
  CHECK(provider.list("state/b").size() == 1);
}

TEST_CASE("host choice: the example has a host for each node, the masters in three zones") {
  Yard yard;
  const auto folder = std::string(MUSTER_SOURCE_DIR) + "/examples/on-prem/inventory";
  InventoryProvider provider(yard.claims());
  auto hints = [&](const std::string& more) {
    return R"({"file": ")" + folder + "\"" + more + "}";
  };
  CHECK(provider.validate(hints("")) == std::vector<std::string>{});
  std::vector<NodeSpec> wanted;
  auto want = [&](const std::string& name, const std::string& more = "") {
    wanted.push_back(yard.spec(name));
    wanted.back().hints = hints(more);
  };
  for (const char* name : {"control-001", "control-002", "control-003"}) want(name);
  for (const char* name : {"database-001", "database-002"}) {
    want(name, R"(, "labels": {"example.com/disk": "ssd"}, "memory_mb": 32768)");
  }
  want("edge-gate-1", R"(, "host": "gate-1")");
  for (const char* name : {"worker-001", "worker-002", "worker-003"}) want(name);
  CHECK(provider.objections(wanted) == std::vector<std::string>{});
  auto notes = provider.describe(wanted);
  std::set<std::string> zones;
  for (std::size_t i = 0; i < 3; ++i) zones.insert(notes[i].labels[kZoneLabel]);
  CHECK(zones == std::set<std::string>{"a", "b", "c"});
}
