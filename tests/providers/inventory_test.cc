#include "providers/inventory/inventory.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <set>
#include <thread>

#include "provisioner/base/files.h"
#include "tests/support/said.h"
#include "tests/support/sshd.h"

using namespace muster;

namespace {

namespace fs = std::filesystem;

/// A hosts file, a folder of claims, and providers that use them.
struct HostsYard {
  HostsYard() { write_file(key(), "key"); }

  std::string key() const { return folder / "id"; }
  std::string file() const { return folder / "hosts.yaml"; }
  fs::path claims() const { return folder.path() / "claims"; }
  std::string hints(const std::string& host = "") const {
    return R"({"file": ")" + file() + "\"" + (host.empty() ? "" : R"(, "host": ")" + host + "\"") +
           "}";
  }
  /// h-1, h-2, ...; without keys of their own, so that nobody asks whether they answer.
  void write(int count, const std::string& more = "") const {
    std::string text = "hosts:\n";
    for (int i = 1; i <= count; ++i) {
      text += "  - name: h-" + std::to_string(i) + "\n    address: 10." +
              std::to_string(i / 65536) + "." + std::to_string(i / 256 % 256) + "." +
              std::to_string(i % 256) + "\n" + more;
    }
    write_file(file(), text);
  }
  NodeSpec spec(const std::string& name, const std::string& deployment = "a",
                const std::string& host = "") const {
    NodeSpec spec;
    spec.name = name;
    spec.deployment = deployment;
    spec.tag = "state/" + deployment;
    spec.token = deployment + "-" + name;
    spec.hints = hints(host);
    return spec;
  }

  TestFolder folder;
};

std::size_t files_in(const fs::path& folder) {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    count += entry.path().filename() == ".lock" ? 0U : 1U;
  }
  return count;
}

}  // namespace

TEST_CASE("inventory: a node gets the first host that is free, in the order of the file") {
  HostsYard yard;
  yard.write(3);
  InventoryProvider provider(yard.claims());
  auto one = provider.create(yard.spec("n-1"));
  CHECK(one.endpoint.address == "10.0.0.1");
  CHECK(one.endpoint.identity == kUserIdentity);
  CHECK(one.complete);
  CHECK(provider.create(yard.spec("n-2")).endpoint.address == "10.0.0.2");
  provider.destroy(one.handle);
  CHECK(provider.create(yard.spec("n-3")).endpoint.address == "10.0.0.1");
}

TEST_CASE("inventory: creating twice with one token claims one host, also after a restart") {
  HostsYard yard;
  yard.write(3);
  auto first = InventoryProvider(yard.claims()).create(yard.spec("n-1"));
  InventoryProvider again(yard.claims());
  CHECK(again.create(yard.spec("n-1")).handle == first.handle);
  CHECK(again.create(yard.spec("n-1")).endpoint.address == first.endpoint.address);
  CHECK(again.list("state/a").size() == 1);
}

TEST_CASE("inventory: a node that names its host gets that one, and others pass it over") {
  HostsYard yard;
  yard.write(3);
  InventoryProvider provider(yard.claims());
  CHECK(provider.objections({yard.spec("n-1"), yard.spec("n-2"), yard.spec("x", "a", "h-1")}) ==
        std::vector<std::string>{});
  CHECK(provider.create(yard.spec("n-1")).endpoint.address == "10.0.0.2");
  CHECK(provider.create(yard.spec("x", "a", "h-1")).endpoint.address == "10.0.0.1");
}

TEST_CASE("inventory: the endpoint is what the file says") {
  HostsYard yard;
  TestSshd sshd;
  write_file(yard.file(), "hosts:\n  - name: h\n    address: 127.0.0.1\n    port: " +
                              std::to_string(sshd.port()) + "\n    user: ann\n    key: id\n" +
                              "    host_key: " + sshd.host_key() +
                              "\n  - {name: far, address: 192.0.2.1, key: id, bastion: a@b:23}\n");
  InventoryProvider provider(yard.claims());
  auto near = provider.create(yard.spec("n-1"));
  CHECK(near.endpoint.port == sshd.port());
  CHECK(near.endpoint.user == "ann");
  CHECK(near.endpoint.identity == yard.key());
  CHECK(near.endpoint.host_key == sshd.host_key());
  // Nobody can look through the bastion from here.
  CHECK(provider.create(yard.spec("n-2")).endpoint.bastion == "a@b:23");
}

TEST_CASE("inventory: hosts are not asked; it says what to do when one does not answer") {
  HostsYard yard;
  write_file(yard.file(), R"(hosts:
  - {name: dead, address: 127.0.0.1, port: 9, key: id}
  - {name: other, address: 10.0.0.2}
)");
  InventoryProvider provider(yard.claims());
  CHECK(provider.create(yard.spec("n-1")).when_silent ==
        "start the sshd of the host 'dead' (127.0.0.1:9), or take it out of '" + yard.file() +
            "'; then apply again");
  CHECK(provider.list("state/a").size() == 1);
  CHECK(provider.create(yard.spec("n-2")).endpoint.address == "10.0.0.2");
  SUBCASE("until the file no longer has it") {
    write_file(yard.file(), "hosts:\n  - {name: new, address: 10.0.0.3}\n");
    CHECK(provider.create(yard.spec("n-1")).endpoint.address == "10.0.0.3");
    CHECK_FALSE(fs::exists(yard.claims() / "127.0.0.1:9.json"));
  }
}

TEST_CASE("inventory: a host of another deployment is refused, which is named") {
  HostsYard yard;
  yard.write(2);
  InventoryProvider(yard.claims()).create(yard.spec("n-1", "first", "h-2"));
  InventoryProvider provider(yard.claims());
  const std::string refusal =
      "the host 'h-2' (10.0.0.2:22) is in use by node 'n-1' of deployment 'first'; name another "
      "one, or destroy that one first: muster destroy first";
  CHECK(provider.objections({yard.spec("x", "second", "h-2")}) ==
        std::vector<std::string>{refusal});
  CHECK(error_of([&] { provider.create(yard.spec("x", "second", "h-2")); }) == refusal);
}

TEST_CASE("inventory: too few hosts are told at plan time, and by the create that finds none") {
  HostsYard yard;
  yard.write(3);
  InventoryProvider provider(yard.claims());
  provider.create(yard.spec("n-1", "first"));
  std::vector<NodeSpec> wanted{yard.spec("a", "second"), yard.spec("b", "second"),
                               yard.spec("c", "second", "h-2")};
  CHECK(provider.objections(wanted) ==
        std::vector<std::string>{"2 hosts are wanted: '" + yard.file() +
                                 "' has 3 hosts, 1 of them free (1 used by deployment 'first', 1 "
                                 "asked for by name)"});
  provider.create(wanted[0]);
  CHECK(error_of([&] { provider.create(wanted[1]); }) ==
        "no host is free: '" + yard.file() +
            "' has 3 hosts, 0 of them free (1 used by deployment 'first', 1 used by deployment "
            "'second', 1 asked for by name)");
}

TEST_CASE("inventory: a node that has its host already does not ask for another one") {
  HostsYard yard;
  yard.write(1);
  InventoryProvider provider(yard.claims());
  provider.create(yard.spec("n-1"));
  CHECK(provider.objections({yard.spec("n-1")}) == std::vector<std::string>{});
  CHECK(provider.objections({yard.spec("n-1", "a", "h-1")}) == std::vector<std::string>{});
  CHECK(provider.objections({yard.spec("n-2")}).size() == 1);
}

TEST_CASE("inventory: machines says which hosts the creates that follow will choose") {
  HostsYard yard;
  yard.write(6);
  InventoryProvider(yard.claims()).create(yard.spec("n-1", "other", "h-2"));
  InventoryProvider(yard.claims()).create(yard.spec("own", "a", "h-4"));
  InventoryProvider provider(yard.claims());
  std::vector<NodeSpec> wanted{yard.spec("a"), yard.spec("own"), yard.spec("b", "a", "h-1"),
                               yard.spec("taken", "a", "h-2"), yard.spec("c")};
  auto machines = provider.machines(wanted);
  REQUIRE(machines.size() == wanted.size());
  CHECK_FALSE(machines[3]);
  wanted.push_back(yard.spec("d"));
  wanted.push_back(yard.spec("too-many"));
  auto more = provider.machines(wanted);
  CHECK_FALSE(more[6]);
  CHECK(files_in(yard.claims()) == 2);  // nothing is claimed
  std::set<std::string> given;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!more[i]) continue;
    CHECK(given.insert(more[i]->address).second);
    if (i < machines.size()) CHECK(machines[i]->address == more[i]->address);
    CHECK(provider.create(wanted[i]).endpoint.address == more[i]->address);
  }
  CHECK(given.size() == 5);
}

TEST_CASE("inventory: hosts that the file lacks or that two nodes want are told") {
  HostsYard yard;
  yard.write(1);
  InventoryProvider provider(yard.claims());
  CHECK(provider.objections({yard.spec("a", "a", "h-11"), yard.spec("b", "a", "h-1"),
                             yard.spec("c", "a", "h-1")}) ==
        std::vector<std::string>{"'" + yard.file() + "' has no host 'h-11'; did you mean 'h-1'?",
                                 "the host 'h-1' (10.0.0.1:22) is wanted for two nodes"});
  CHECK(error_of([&] { provider.create(yard.spec("a", "a", "x")); }) ==
        "'" + yard.file() + "' has no host 'x'");
}

TEST_CASE(
    "inventory: validate tells mistakes in the hints, and all in the file with their places") {
  HostsYard yard;
  InventoryProvider provider(yard.claims());
  CHECK(
      provider.validate(R"({"fiel": "x", "file": 1})") ==
      std::vector<std::string>{"the provider 'inventory' has no hint 'fiel'; did you mean 'file'?",
                               "the hint 'file' of the provider 'inventory' must be a string"});
  write_file(yard.file(), "hosts:\n  - {name: A, address: b}\n  - {name: c}\n");
  auto found = provider.validate(yard.hints());
  REQUIRE(found.size() == 1);
  CHECK(found[0].starts_with("the hosts file has mistakes\n" + yard.file() +
                             ":2:12: error: the host name 'A'"));
  CHECK(found[0].find(yard.file() + ":3:5: error: this host has no \"address\"") !=
        std::string::npos);
  CHECK(error_of([&] { provider.create(yard.spec("n")); }).find(":3:5: error:") !=
        std::string::npos);
  yard.write(1);
  CHECK(provider.validate(yard.hints()).empty());
  fs::remove(yard.file());
  CHECK(provider.validate(yard.hints()).size() == 1);
  CHECK_FALSE(fs::exists(yard.claims()));  // looking makes nothing
}

TEST_CASE("inventory: list has the nodes of one deployment, destroy is fine twice") {
  HostsYard yard;
  yard.write(3);
  InventoryProvider provider(yard.claims());
  CHECK(provider.list("state/a").empty());
  auto one = provider.create(yard.spec("n-1"));
  provider.create(yard.spec("n-1", "b"));
  auto listed = provider.list("state/a");
  REQUIRE(listed.size() == 1);
  CHECK(listed[0].handle == one.handle);
  CHECK(listed[0].token == "a-n-1");
  CHECK(listed[0].name == "n-1");
  CHECK(listed[0].complete);
  CHECK(listed[0].endpoint.address == "10.0.0.1");
  provider.destroy(one.handle);
  provider.destroy(one.handle);
  CHECK(provider.list("state/a").empty());
  CHECK(provider.list("state/b").size() == 1);
  CHECK_THROWS_AS(provider.destroy("../../etc"), Error);
  CHECK_THROWS_AS(provider.destroy(""), Error);
}

TEST_CASE("inventory: a late destroy leaves the host to whoever has it by now") {
  HostsYard yard;
  yard.write(1);
  InventoryProvider provider(yard.claims());
  auto one = provider.create(yard.spec("n-1"));
  provider.destroy(one.handle);
  provider.create(yard.spec("n-1", "b"));
  provider.destroy(one.handle);
  InventoryProvider(yard.claims()).destroy(one.handle);
  CHECK(provider.list("state/b").size() == 1);
}

TEST_CASE("inventory: a host that has left the file can be released, and the file be gone") {
  HostsYard yard;
  yard.write(1);
  auto node = InventoryProvider(yard.claims()).create(yard.spec("n-1"));
  fs::remove(yard.file());
  InventoryProvider provider(yard.claims());
  CHECK(provider.list("state/a").size() == 1);
  provider.destroy(node.handle);
  CHECK(files_in(yard.claims()) == 0);
}

TEST_CASE("inventory: another process' claims are seen when they are made and released") {
  HostsYard yard;
  yard.write(2);
  InventoryProvider one(yard.claims());
  InventoryProvider two(yard.claims());
  auto first = one.create(yard.spec("n-1", "a"));
  CHECK(two.create(yard.spec("n-1", "b")).endpoint.address == "10.0.0.2");
  CHECK(error_of([&] { one.create(yard.spec("n-2", "a")); }).starts_with("no host is free"));
  one.destroy(first.handle);
  CHECK(two.create(yard.spec("n-2", "b")).endpoint.address == "10.0.0.1");
}

TEST_CASE("inventory: a damaged claim is told where it matters, and stops nobody else") {
  HostsYard yard;
  yard.write(2);
  InventoryProvider(yard.claims()).create(yard.spec("n-1"));
  auto file = (yard.claims() / "10.0.0.1:22.json").string();
  auto good = read_file(file);
  const std::string says = "the claim '" + file + "' is damaged";
  for (const auto& text : {std::string(), std::string("{}"), good.substr(0, good.size() / 2),
                           std::string("[1]"), std::string(100, '\0')}) {
    CAPTURE(text);
    write_file(file, text);
    InventoryProvider provider(yard.claims());
    auto listed = provider.list("state/a");
    REQUIRE(listed.size() == 1);
    CHECK(listed[0].handle == "10.0.0.1:22/");
    CHECK(listed[0].damage.starts_with(says));
    CHECK(error_of([&] { provider.destroy("10.0.0.1:22/a-n-1"); }).starts_with(says));
    // Its host is nobody's to have, by whatever way.
    auto objections = provider.objections({yard.spec("n-2", "a", "h-1")});
    REQUIRE(objections.size() == 1);
    CHECK(objections[0].starts_with("the host 'h-1' (10.0.0.1:22): " + says));
    CHECK(error_of([&] { provider.create(yard.spec("n-2", "a", "h-1")); }).find(says) !=
          std::string::npos);
    CHECK(provider.objections({yard.spec("n-2"), yard.spec("n-3")}) ==
          std::vector<std::string>{"2 hosts are wanted: '" + yard.file() +
                                   "' has 2 hosts, 1 of them free (1 with a damaged claim)"});
    auto other = provider.create(yard.spec("n-2"));
    CHECK(other.endpoint.address == "10.0.0.2");
    provider.destroy(other.handle);
    CHECK(read_file(file) == text);
  }
}

TEST_CASE("inventory: threads and providers that claim at once get different hosts") {
  HostsYard yard;
  constexpr int kThreads = 8;
  constexpr int kEach = 10;
  yard.write(kThreads * kEach);
  InventoryProvider one(yard.claims());
  InventoryProvider two(yard.claims());
  std::vector<std::string> got(kThreads * kEach);
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < kEach; ++i) {
          auto number = thread * kEach + i;
          auto& provider = thread % 2 == 0 ? one : two;
          got[static_cast<std::size_t>(number)] =
              provider.create(yard.spec("n-" + std::to_string(number))).endpoint.address;
        }
      });
    }
  }
  CHECK(std::set<std::string>(got.begin(), got.end()).size() == kThreads * kEach);
  CHECK(files_in(yard.claims()) == kThreads * kEach);
  CHECK(one.list("state/a").size() == kThreads * kEach);
}

TEST_CASE("inventory: ten thousand hosts, each claimed once") {
  HostsYard yard;
  constexpr int kHosts = 10'000;
  yard.write(kHosts, "    key: id\n    bastion: ann@gate\n");
  InventoryProvider provider(yard.claims());
  CHECK(provider.validate(yard.hints()).empty());
  std::vector<NodeSpec> wanted;
  for (int i = 1; i <= kHosts; ++i) {
    auto name = std::to_string(i);
    wanted.push_back(yard.spec("n-" + name, "a", i % 2 == 0 ? "h-" + name : ""));
    CHECK(provider.validate(wanted.back().hints).empty());
  }
  CHECK(provider.objections(wanted).empty());
  wanted.push_back(yard.spec("one-more"));
  CHECK(provider.objections(wanted).size() == 1);
}
