// What a list that lacks a node means, and one that has a node twice.
#include "provisioner/operations/reconcile.h"

#include <doctest/doctest.h>

#include "tests/support/trial.h"

using namespace muster;
using namespace muster::testing;

namespace {

std::string handle_of(Trial& trial, const std::string& node) {
  return trial.store().deployment("d")->find(node)->handle;
}

/// Of a machine that is gone, as its provider says.
void lose(Trial& trial, const std::string& node) {
  std::erase_if(trial.provider->nodes, [&](const auto& one) { return one.second.name == node; });
}

/// A machine that the provider made besides, with the token of `node`.
ProvidedNode make_twin(Trial& trial, const std::string& node) {
  for (const auto& [token, machine] : trial.provider->nodes) {
    if (machine.name != node) continue;
    auto twin = machine;
    twin.handle = "h-twin";
    trial.provider->twins_made.push_back(twin);
    return twin;
  }
  FAIL("there is no such node");
  return {};
}

/// "verb node: reason" of each step that the next apply would do.
std::vector<std::string> planned(Trial& trial, int workers = 1) {
  std::vector<std::string> steps;
  trial.confirm = [&](const Plan& plan) {
    for (const auto& step : plan.steps) steps.push_back(step.title() + ": " + step.reason);
    return false;
  };
  trial.apply(workers);
  trial.confirm = nullptr;
  return steps;
}

}  // namespace

TEST_CASE("reconcile: a node that a list lacks is there when its provider says so") {
  Trial trial;
  REQUIRE(trial.apply().good());
  const auto before = handle_of(trial, "w-001");
  trial.provider->hidden = {"w-001", "m-001"};
  CHECK(planned(trial).empty());
  REQUIRE(trial.apply().good());
  CHECK(handle_of(trial, "w-001") == before);
  CHECK(trial.provider->nodes.size() == 2);
}

TEST_CASE("reconcile: a list that lacks a node once is asked again") {
  for (auto word : {Presence::unsure, Presence::untold}) {
    Trial trial;
    REQUIRE(trial.apply().good());
    trial.provider->word = word;
    trial.provider->hidden = {"w-001"};
    int lists = 0;
    trial.provider->at_list = [&] {
      if (++lists == 3) trial.provider->hidden.clear();
    };
    CHECK(planned(trial).empty());
    CHECK(lists == 3);
  }
}

TEST_CASE("reconcile: a node of which nobody says that it is gone is a question to the user") {
  for (auto word : {Presence::unsure, Presence::untold}) {
    Trial trial;
    REQUIRE(trial.apply(2).good());
    trial.provider->word = word;
    trial.provider->hidden = {"w-001", "w-002"};
    CHECK_THROWS_WITH_AS(
        trial.apply(2),
        "provider 'local' does not list node 'w-001' (handle 'h-2'), and does not say that it is "
        "gone: it is asleep\n"
        "  nor does 'local' of node 'w-002' (handle 'h-3')\n"
        "  look for it at the provider: what is there comes back with the next apply\n"
        "  what is gone for good is made anew: muster apply d.json --lost w-001",
        Error);
    CHECK(trial.provider->nodes.size() == 3);
    CHECK(trial.record() == std::vector<std::string>{"m-001 ready", "w-001 ready", "w-002 ready"});
    trial.given_up.nodes = {"w-001", "w-002"};
    lose(trial, "w-001");
    lose(trial, "w-002");
    CHECK(planned(trial, 2) ==
          std::vector<std::string>{"create w-001: its provider no longer has it",
                                   "create w-002: its provider no longer has it"});
  }
}

TEST_CASE("reconcile: only a node that its provider does not have can be given up") {
  Trial trial;
  REQUIRE(trial.apply().good());
  trial.given_up.nodes = {"w-001"};
  CHECK_THROWS_WITH_AS(trial.apply(),
                       "node 'w-001' is not lost: provider 'local' lists it (handle 'h-2')\n"
                       "  leave '--lost w-001' out",
                       Error);
  trial.given_up.nodes = {"w-007"};
  CHECK_THROWS_WITH_AS(trial.apply(),
                       "'d' has no node 'w-007' that could be lost\n"
                       "  see its nodes: muster status d",
                       Error);
}

TEST_CASE("reconcile: a node that its provider says is gone is made anew") {
  Trial trial;
  REQUIRE(trial.apply().good());
  lose(trial, "w-001");
  CHECK(planned(trial) == std::vector<std::string>{"create w-001: its provider no longer has it"});
  REQUIRE(trial.apply().good());
  CHECK(handle_of(trial, "w-001") == "h-3");
}

TEST_CASE("reconcile: a node that its provider has half made is finished, with its handle") {
  Trial trial;
  REQUIRE(trial.apply().good());
  for (auto& [token, node] : trial.provider->nodes) node.complete = node.name != "w-001";
  CHECK(planned(trial) ==
        std::vector<std::string>{"create w-001: its provider has not finished it"});
  REQUIRE(trial.apply().good());
  CHECK(handle_of(trial, "w-001") == "h-2");
}

TEST_CASE("reconcile: a deployment whose nodes are all gone is not made anew unasked") {
  Trial trial;
  REQUIRE(trial.apply().good());
  trial.provider->nodes.clear();
  CHECK_THROWS_WITH_AS(
      trial.apply(),
      doctest::Contains("all nodes of 'd' are gone (m-001, w-001), by the word of their providers: "
                        "this apply would make another cluster"),
      Error);
  CHECK(trial.provider->nodes.empty());
  trial.given_up.deployments = {"d"};
  CHECK(trial.apply().good());
  CHECK(trial.provider->nodes.size() == 2);
}

TEST_CASE("reconcile: a second machine of a node is shown by apply, and destroyed") {
  Trial trial;
  REQUIRE(trial.apply().good());
  make_twin(trial, "w-001");
  CHECK(planned(trial) ==
        std::vector<std::string>{"destroy w-001#2: its provider made it besides 'w-001'"});
  const auto before = handle_of(trial, "w-001");
  REQUIRE(trial.apply().good());
  CHECK(trial.provider->twins_made.empty());
  CHECK(trial.provider->nodes.size() == 2);
  CHECK(handle_of(trial, "w-001") == before);
  CHECK(trial.record() == std::vector<std::string>{"m-001 ready", "w-001 ready"});
}

TEST_CASE("reconcile: a second machine stays on record until it is destroyed") {
  Trial trial;
  REQUIRE(trial.apply().good());
  make_twin(trial, "w-001");
  trial.provider->destroys = {Fault::before};
  CHECK(trial.apply().failed == 1);
  CHECK(trial.record() == std::vector<std::string>{"m-001 ready", "w-001 ready", "w-001#2 unsure"});
  REQUIRE(trial.apply().good());
  CHECK(trial.provider->twins_made.empty());
  CHECK(trial.record() == std::vector<std::string>{"m-001 ready", "w-001 ready"});
}

TEST_CASE("reconcile: a destroy that was cut spares the machine that has its handle by now") {
  Trial trial;
  REQUIRE(trial.apply().good());
  auto gone = *trial.store().deployment("d")->find("w-001");
  gone.name = "w-001#2";
  gone.state = NodeState::destroying;
  gone.handle = handle_of(trial, "m-001");
  gone.roles.clear();
  trial.store().put_node("d", gone);
  REQUIRE(trial.apply().good());
  CHECK(trial.provider->nodes.size() == 2);
  CHECK(trial.record() == std::vector<std::string>{"m-001 ready", "w-001 ready"});
}

TEST_CASE("reconcile: of a node whose machine is gone the second one is taken") {
  Trial trial;
  REQUIRE(trial.apply().good());
  auto twin = make_twin(trial, "w-001");
  lose(trial, "w-001");
  CHECK(planned(trial) ==
        std::vector<std::string>{"create w-001: its provider has not finished it"});
}

TEST_CASE("destroy: two machines with one token both go") {
  Trial trial;
  REQUIRE(trial.apply().good());
  make_twin(trial, "w-001");
  CHECK(trial.destroy().changed == 3);
  CHECK(trial.provider->nodes.empty());
  CHECK(trial.provider->twins_made.empty());
  CHECK_FALSE(trial.store().deployment("d"));
}

TEST_CASE("destroy: a second machine goes too that the list does not show yet") {
  for (auto create : {Fault::none, Fault::after}) {
    Trial trial;
    trial.provider->creates = {Fault::none, create};
    trial.apply();
    make_twin(trial, "w-001");
    trial.provider->hides_twins = true;
    CHECK(trial.destroy().good());
    CHECK(trial.provider->nodes.empty());
    CHECK(trial.provider->twins_made.empty());
  }
}

TEST_CASE("destroy: both machines go of a node whose create never answered") {
  Trial trial;
  trial.provider->creates = {Fault::none, Fault::after};
  CHECK(trial.apply().failed == 1);
  make_twin(trial, "w-001");
  CHECK(trial.destroy().good());
  CHECK(trial.provider->nodes.empty());
  CHECK(trial.provider->twins_made.empty());
}

TEST_CASE("destroy: a machine that the list does not show yet is asked for by its token") {
  Trial trial;
  trial.provider->creates = {Fault::after};
  CHECK(trial.apply().failed == 1);
  trial.provider->hidden = {"m-001"};
  CHECK(trial.destroy().good());
  CHECK(trial.provider->nodes.empty());
}

TEST_CASE("destroy: what the provider cannot say now stays on record") {
  Trial trial;
  trial.provider->creates = {Fault::after};
  CHECK(trial.apply().failed == 1);
  trial.provider->hidden = {"m-001"};
  trial.provider->word = Presence::unsure;
  CHECK(trial.destroy().failed == 1);
  CHECK(trial.record() == std::vector<std::string>{"m-001 unsure"});
  trial.provider->hidden.clear();
  CHECK(trial.destroy().good());
  CHECK(trial.provider->nodes.empty());
}

TEST_CASE("destroy: nodes of one name that nobody knows are all found") {
  Trial trial;
  REQUIRE(trial.apply().good());
  for (int i = 0; i < 2; ++i) {
    auto stranger = make_twin(trial, "w-001");
    trial.provider->twins_made.back().token = "t-" + std::to_string(i);
    trial.provider->twins_made.back().handle = "h-stranger-" + std::to_string(i);
  }
  CHECK(trial.destroy().changed == 4);
  CHECK(trial.provider->twins_made.empty());
}
