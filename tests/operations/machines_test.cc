// What becomes of nodes whose machines are described otherwise by their provider than on record.
#include "provisioner/operations/machines.h"

#include <doctest/doctest.h>

#include "tests/support/trial.h"

using namespace muster;
using namespace muster::testing;

namespace {

constexpr const char* kKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH3GdgYaJWrAK6C7xkP/GPJCk0euDa7l/gsXgzDh7Hmb";
constexpr const char* kOtherKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUZDrGcHNMpAHGp8n3LWX0C5eiyZz8QkGWVzBkVSqLU";

NodeRecord worker(Trial& trial) { return *trial.store().deployment("d").value().find("w-001"); }

/// What the provider says of the worker from now on.
void describe(Trial& trial, const std::string& address, const std::string& host_key) {
  Endpoint endpoint;
  endpoint.address = address;
  endpoint.host_key = host_key;
  trial.provider->notes["w-001"] = {{}, endpoint, false};
}

ProvidedNode damaged(const std::string& handle, const std::string& why) {
  ProvidedNode node;
  node.handle = handle;
  node.damage = why;
  return node;
}

/// A deployment whose worker has shown its host key.
void make_seen(Trial& trial) {
  REQUIRE(trial.apply().good());
  auto seen = worker(trial);
  seen.endpoint.host_key = kKey;
  trial.store().put_node("d", seen);
}

}  // namespace

TEST_CASE(
    "machines: a new address is on record from the next apply on, the key that was seen stays") {
  Trial trial;
  make_seen(trial);
  describe(trial, "192.0.2.77", "");
  trial.plan_json(1);
  CHECK(worker(trial).endpoint.address == "192.0.2.1");  // a plan changes nothing
  REQUIRE(trial.apply().good());
  CHECK(worker(trial).endpoint.address == "192.0.2.77");
  CHECK(worker(trial).endpoint.host_key == kKey);
  CHECK(trial.provider->stayed == 1);
  auto notes = trial.reporter.of(EventType::note);
  CHECK(std::any_of(notes.begin(), notes.end(), [](const Event& note) {
    return note.message ==
           "node 'w-001' is reached from now on as the hosts file says: root@192.0.2.77, port 22";
  }));
  REQUIRE(trial.apply().good());
  CHECK(trial.provider->stayed == 1);  // once is enough
  CHECK(trial.provider->nodes.size() == 2);
}

TEST_CASE("machines: one that is switched off is followed, and on again") {
  Trial trial;
  make_seen(trial);
  describe(trial, "192.0.2.77", "");
  for (auto& [token, node] : trial.provider->nodes) node.running = node.name != "w-001";
  REQUIRE(trial.apply().good());
  CHECK(worker(trial).endpoint.address == "192.0.2.77");
  CHECK(worker(trial).state == NodeState::ready);
}

TEST_CASE("machines: another host key that is told replaces the one that was seen") {
  Trial trial;
  make_seen(trial);
  describe(trial, "192.0.2.1", kKey + std::string(" with a comment"));
  REQUIRE(trial.apply().good());
  CHECK(worker(trial).endpoint.host_key == kKey);
  CHECK(trial.provider->stayed == 0);
  describe(trial, "192.0.2.1", kOtherKey);
  REQUIRE(trial.apply().good());
  CHECK(worker(trial).endpoint.host_key == kOtherKey);
  CHECK(trial.provider->stayed == 1);
  const std::string print = "SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8";
  describe(trial, "192.0.2.1", print);
  REQUIRE(trial.apply().good());
  CHECK(worker(trial).endpoint.host_key == print);  // nobody has logged in yet
}

TEST_CASE(
    "machines: a provider that refuses to follow stops the apply before anything is changed") {
  Trial trial;
  make_seen(trial);
  describe(trial, "192.0.2.77", "");
  trial.provider->creates = {Fault::before};
  CHECK_THROWS_WITH_AS(trial.apply(2),
                       "no more machines: ask for a higher quota\n"
                       "  while following what the hosts file says of node 'w-001' now",
                       Error);
  CHECK(worker(trial).endpoint.address == "192.0.2.1");
  CHECK(trial.store().deployment("d")->revision == 1);
}

TEST_CASE("machines: a node of which the provider's record is damaged is not taken for lost") {
  Trial trial;
  make_seen(trial);
  auto handle = worker(trial).handle;
  trial.provider->damaged = {damaged("elsewhere/", "that one is damaged")};
  REQUIRE(trial.apply().good());
  auto node = std::find_if(trial.provider->nodes.begin(), trial.provider->nodes.end(),
                           [&](const auto& node) { return node.second.handle == handle; });
  trial.provider->nodes.erase(node);
  trial.provider->damaged.push_back(damaged(handle, "this one is damaged"));
  CHECK_THROWS_WITH_AS(trial.apply(), "node 'w-001': this one is damaged", Error);
  CHECK(trial.provider->nodes.size() == 1);
  CHECK(worker(trial).state == NodeState::ready);
}
