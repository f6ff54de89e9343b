// Claims on hosts as rows of a state, and what others see of them.
#include <doctest/doctest.h>

#include <set>
#include <thread>

#include "provisioner/run/store_claims.h"
#include "tests/support/yard.h"

using namespace muster;

namespace {

/// A muster of one user: their own folder of links, and the state that they name.
struct User {
  User(const Yard& yard, const std::string& name, const std::string& state)
      : links(yard.folder.path() / name),
        store(open_store(yard.folder.path() / state)),
        ledger([this](bool) { return store.get(); }) {}

  InventoryProvider provider() { return InventoryProvider(links, &ledger); }
  NodeSpec spec(const Yard& yard, const std::string& node, const std::string& deployment = "a") {
    auto spec = yard.spec(node, "", deployment);
    spec.tag = store->id() + "/" + deployment;
    return spec;
  }
  std::string tag() const { return store->id() + "/a"; }

  std::filesystem::path links;
  std::unique_ptr<Store> store;
  StoreClaims ledger;
};

struct Hosts : Yard {
  explicit Hosts(int count) {
    std::string text;
    for (int i = 1; i <= count; ++i) {
      const auto number = std::to_string(i);
      text += "  - {name: h-" + number + ", address: 10.0.0." + number + "}\n";
    }
    write(text);
  }
};

std::size_t files_in(const std::filesystem::path& folder) {
  std::size_t count = 0;
  for (const auto& at : std::filesystem::directory_iterator(folder)) {
    count += at.path().extension() == ".json" ? 1 : 0;
  }
  return count;
}

}  // namespace

TEST_CASE("claims: a second user of a state has the hosts of the first one") {
  const Hosts yard(2);
  User one(yard, "one", "state");
  User two(yard, "two", "state");
  auto first = one.provider().create(one.spec(yard, "n-1"));
  auto listed = two.provider().list(two.tag());
  REQUIRE(listed.size() == 1);
  CHECK(listed[0].handle == first.handle);
  CHECK(two.provider().create(two.spec(yard, "n-1")).handle == first.handle);
  CHECK(two.provider().create(two.spec(yard, "n-2")).handle == "10.0.0.2:22/a-n-2");
  // What one of them releases is gone for both, with its link in the other one's home.
  two.provider().destroy(first.handle);
  CHECK(one.provider().list(one.tag()).size() == 1);
  CHECK(files_in(one.links) == 0);
}

TEST_CASE("claims: a link that another user could not remove is no claim") {
  const Hosts yard(1);
  User one(yard, "one", "state");
  auto made = one.provider().create(one.spec(yard, "n-1"));
  const auto link = one.links / "10.0.0.1:22.json";
  const auto text = read_file(link);
  one.provider().destroy(made.handle);
  write_file(link, text);
  CHECK(one.provider().list(one.tag()).empty());
  CHECK(files_in(one.links) == 0);
}

TEST_CASE("claims: two states of one user see each other's") {
  const Hosts yard(1);
  User one(yard, "one", "state");
  User other(yard, "one", "other");
  auto made = one.provider().create(one.spec(yard, "n-1"));
  CHECK(message_of([&] {
          other.provider().create(other.spec(yard, "n-1", "b"));
        }).starts_with("no host is free"));
  CHECK(other.store->host_claims().empty());
  one.provider().destroy(made.handle);
  other.provider().create(other.spec(yard, "n-1", "b"));
  CHECK(other.store->host_claims().size() == 1);
}

TEST_CASE("claims: those of earlier versions are taken into the state") {
  const Hosts yard(1);
  User one(yard, "one", "state");
  User two(yard, "two", "state");
  InventoryProvider(one.links).create(one.spec(yard, "n-1"));
  CHECK(one.store->host_claims().empty());
  CHECK(one.provider().list(one.tag()).size() == 1);
  REQUIRE(one.store->host_claims().size() == 1);
  CHECK(one.store->host_claims()[0].token == "a-n-1");
  CHECK(two.provider().list(two.tag()).size() == 1);
}

TEST_CASE("claims: a link that somebody took away leaves the claim") {
  const Hosts yard(1);
  User one(yard, "one", "state");
  one.provider().create(one.spec(yard, "n-1"));
  std::filesystem::remove_all(one.links);
  CHECK(one.provider().list(one.tag()).size() == 1);
  one.provider().create(one.spec(yard, "n-1"));
  CHECK(files_in(one.links) == 1);
}

TEST_CASE("claims: of two users at once each host goes to one node") {
  const Hosts yard(8);
  User one(yard, "one", "state");
  User two(yard, "two", "state");
  auto first = one.provider();
  auto second = two.provider();
  auto take = [&](InventoryProvider& provider, User& user, const std::string& prefix) {
    for (int i = 0; i < 4; ++i) {
      provider.create(user.spec(yard, prefix + std::to_string(i), "of-" + prefix));
    }
  };
  std::thread other([&] { take(second, two, "y"); });
  take(first, one, "x");
  other.join();
  std::set<std::string> places;
  for (const auto& claim : one.store->host_claims()) places.insert(claim.place);
  CHECK(places.size() == 8);
  CHECK(files_in(one.links) + files_in(two.links) == 8);
}

TEST_CASE("claims: a node whose claim was taken away and given to another one has no host") {
  const Hosts yard(1);
  const auto folder = yard.claims();
  InventoryProvider provider(folder);
  const auto spec = yard.spec("n-1");
  auto made = provider.create(spec);
  InventoryProvider(folder).destroy(made.handle);
  provider.create(spec);  // nobody has it: it is claimed again
  CHECK(files_in(folder) == 1);
  InventoryProvider(folder).destroy(made.handle);
  InventoryProvider(folder).create(yard.spec("n-1", "", "b"));
  CHECK(message_of([&] {
          provider.create(spec);
        }).starts_with("the host 'h-1' (10.0.0.1:22) is in use by node 'n-1' of deployment 'b'"));
}

TEST_CASE("claims: of a node without its claim nobody says that it is gone") {
  const Hosts yard(2);
  InventoryProvider provider(yard.claims());
  const auto spec = yard.spec("n-1");
  const KnownNode node{provider.create(spec).handle, spec.token, spec.tag};
  CHECK(provider.presence(node).presence == Presence::there);
  CHECK(provider.presence({"", "another", spec.tag}).presence == Presence::gone);
  std::filesystem::remove_all(yard.claims());
  CHECK(provider.presence(node).presence == Presence::unsure);
  CHECK(provider.presence(node).why ==
        "its claim on '10.0.0.1:22' is missing, and what was done to the host is still on it");
  InventoryProvider(yard.claims()).create(yard.spec("n-1", "", "b"));
  CHECK(provider.presence(node).presence == Presence::unsure);
  CHECK(provider.presence(node).why.starts_with(
      "the host 'h-1' (10.0.0.1:22) is in use by node 'n-1' of deployment 'b'"));
}

TEST_CASE("claims: a provider that knows them looks again when somebody has changed one") {
  const Hosts yard(2);
  User one(yard, "one", "state");
  User two(yard, "two", "state");
  auto mine = one.provider();
  const auto wanted = one.spec(yard, "n-2");
  auto choice = [&] { return mine.machines({wanted}).at(0).value().address; };
  CHECK(choice() == "10.0.0.1");
  auto before = one.store->host_claims_version();
  CHECK(one.store->host_claims_version() == before);
  auto theirs = two.provider().create(two.spec(yard, "n-1"));
  CHECK(theirs.handle == "10.0.0.1:22/a-n-1");
  CHECK(one.store->host_claims_version() != before);
  CHECK(choice() == "10.0.0.2");
  two.provider().destroy(theirs.handle);
  CHECK(choice() == "10.0.0.1");
  before = one.store->host_claims_version();
  mine.create(wanted);
  CHECK(one.store->host_claims_version() != before);
}
