// How a run waits for machines that its provider has begun to make.
#include <doctest/doctest.h>

#include <mutex>

#include "tests/support/sshd.h"
#include "tests/support/trial.h"

using namespace muster;
using namespace muster::testing;
using namespace std::chrono_literals;

namespace {

/// Of many machines none is whole before all have been asked for; its calls block.
class BootingTogether : public FaultyProvider {
 public:
  explicit BootingTogether(std::size_t machines) : machines_(machines) {}

  ProvidedNode create(const NodeSpec& spec) override {
    std::lock_guard lock(mutex_);
    auto node = FaultyProvider::create(spec);
    node.complete = asks.size() == machines_;
    if (node.complete) node.boots_for = 0s;
    nodes[spec.token].complete = node.complete;
    return node;
  }

 private:
  std::size_t machines_;
  std::mutex mutex_;
};

Endpoint here(int port) {
  Endpoint endpoint;
  endpoint.address = "127.0.0.1";
  endpoint.port = port;
  return endpoint;
}

std::string failure_of(const Trial& trial) {
  for (const auto& event : trial.reporter.of(EventType::step_finished)) {
    if (event.outcome == Outcome::failed) return event.message;
  }
  return "";
}

}  // namespace

TEST_CASE("create: a machine is asked for until it is whole, and on record by its handle before") {
  Trial trial;
  trial.provider->asks_until_whole = 1;
  trial.provider->boots_for = 60s;
  TestSshd sshd;
  trial.provider->at = here(sshd.port());
  std::vector<std::string> known;
  trial.provider->at_create = [&] {
    for (const auto& node : trial.store().deployment("d")->nodes) {
      if (!node.handle.empty() && node.state == NodeState::creating) known.push_back(node.handle);
    }
  };
  CHECK(trial.apply().good());
  CHECK((trial.provider->asks == std::map<std::string, int>{{"m-001", 2}, {"w-001", 2}}));
  CHECK(known == std::vector<std::string>{"h-1", "h-2"});
  CHECK(trial.record() == std::vector<std::string>{"m-001 ready", "w-001 ready"});
  CHECK_FALSE(trial.provider->twins);
}

TEST_CASE(
    "create: of a machine that is never whole the handle stays, and a destroy takes it away") {
  Trial trial;
  trial.provider->asks_until_whole = 1000;
  CHECK(trial.apply().failed == 2);
  CHECK(failure_of(trial) ==
        "node 'm-001' is still being made (handle 'h-1')\n  the next apply goes on with it");
  REQUIRE(trial.store().deployment("d")->nodes.size() == 2);
  CHECK(trial.store().deployment("d")->nodes[0].handle == "h-1");
  CHECK(trial.destroy().good());
  CHECK(trial.provider->nodes.empty());
}

TEST_CASE(
    "create: what a program made anew of a machine that was never whole is found by its token") {
  Trial trial;
  trial.provider->asks_until_whole = 1000;
  CHECK(trial.apply().failed == 2);
  for (auto& [token, node] : trial.provider->nodes) node.handle += "-anew";
  trial.provider->word = Presence::untold;
  CHECK(trial.destroy().good());
  CHECK(trial.provider->nodes.empty());
}

TEST_CASE("create: machines that boot are waited for side by side, however few calls may block") {
  Trial trial;
  constexpr std::size_t kMachines = 60;
  auto made = std::make_unique<BootingTogether>(kMachines);
  auto& provider = *made;
  made->boots_for = 600s;
  trial.put_provider("local", std::move(made));
  trial.provider = &provider;
  trial.parallel = static_cast<int>(kMachines);
  CHECK(trial.apply(static_cast<int>(kMachines) - 1).good());
  CHECK(provider.nodes.size() == kMachines);
}

TEST_CASE("create: a machine that boots and never answers fails its node, and is tried once more") {
  Trial trial;
  trial.provider->boots_for = 1s;
  trial.provider->at = here(9);
  CHECK(trial.apply().failed == 2);
  CHECK(failure_of(trial) ==
        "node 'm-001' (127.0.0.1, port 9) does not answer on SSH after 1.0s\n"
        "  look at its console; the next apply asks for it again");
  CHECK(trial.provider->asks["m-001"] == 2);
  CHECK(trial.all_known());
}
