// What apply and destroy make of a provider that fails, before it did what it was asked or after.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "tests/support/trial.h"

using namespace muster;
using namespace muster::testing;

namespace {

std::string message_of(const Trial& trial) {
  for (const auto& event : trial.reporter.of(EventType::step_finished)) {
    if (event.outcome == Outcome::failed) return event.step + ": " + event.message;
  }
  return "";
}

}  // namespace

TEST_CASE("apply: a create that fails before it made anything is tried again by the next") {
  Trial trial;
  trial.provider->creates = {Fault::before};
  auto summary = trial.apply();
  CHECK(summary.failed == 1);
  CHECK(summary.changed == 1);
  CHECK(message_of(trial) == "create m-001: no more machines: ask for a higher quota");
  CHECK(trial.record() == std::vector<std::string>{"m-001 unsure", "w-001 ready"});
  CHECK(trial.provider->nodes.size() == 1);
  CHECK(trial.apply().good());
  CHECK(trial.record() == std::vector<std::string>{"m-001 ready", "w-001 ready"});
  CHECK(trial.provider->nodes.size() == 2);
}

TEST_CASE("apply: a create that fails after it made the node is finished by the next") {
  Trial trial;
  trial.provider->creates = {Fault::after};
  CHECK(trial.apply().failed == 1);
  CHECK(message_of(trial) == "create m-001: the machine did not answer in time");
  CHECK(trial.provider->nodes.size() == 2);
  CHECK(trial.all_known());
  auto token = trial.provider->nodes.begin()->first;
  CHECK(trial.apply().good());
  CHECK(trial.provider->nodes.size() == 2);
  CHECK(trial.provider->nodes.count(token) == 1);
  CHECK_FALSE(trial.provider->twins);
}

TEST_CASE("destroy: takes a node away whose create failed after it made the node") {
  Trial trial;
  trial.provider->creates = {Fault::after, Fault::after};
  CHECK(trial.apply().failed == 2);
  CHECK(trial.provider->nodes.size() == 2);
  CHECK(trial.destroy().good());
  CHECK(trial.provider->nodes.empty());
  CHECK(trial.record().empty());
}

TEST_CASE(
    "destroy: takes the new machine of a lost node away whose create failed after it made it") {
  Trial trial;
  REQUIRE(trial.apply().good());
  trial.given_up.deployments = {"d"};
  trial.provider->nodes.clear();
  trial.provider->creates = {Fault::after, Fault::after};
  CHECK(trial.apply().failed == 2);
  CHECK(trial.provider->nodes.size() == 2);
  CHECK(trial.destroy().good());
  CHECK(trial.provider->nodes.empty());
}

TEST_CASE("destroy: a provider that the deployment has nothing from need not answer") {
  Trial trial;
  REQUIRE(trial.apply().good());
  auto& other = trial.add_provider("other");
  other.lists = {Fault::before};
  CHECK(trial.destroy().good());
  CHECK(other.lists.empty());
  CHECK(trial.provider->nodes.empty());
}

TEST_CASE("destroy: goes on where the provider failed before or after it deleted") {
  for (auto fault : {Fault::before, Fault::after}) {
    Trial trial;
    CHECK(trial.apply().good());
    trial.provider->destroys = {fault};
    auto summary = trial.destroy();
    CHECK(summary.failed == 1);
    CHECK(summary.changed == 1);
    CHECK(trial.record() == std::vector<std::string>{"w-001 unsure"});
    CHECK(trial.destroy().good());
    CHECK(trial.provider->nodes.empty());
    CHECK(trial.record().empty());
  }
}

TEST_CASE("apply and destroy: change nothing when the provider cannot say what it has") {
  Trial trial;
  CHECK(trial.apply().good());
  trial.provider->lists = {Fault::before, Fault::before};
  CHECK_THROWS_WITH(trial.apply(2), "the provider cannot be asked");
  CHECK_THROWS_WITH(trial.destroy(), "the provider cannot be asked");
  CHECK(trial.record() == std::vector<std::string>{"m-001 ready", "w-001 ready"});
  CHECK(trial.provider->nodes.size() == 2);
}

TEST_CASE("apply: a node that nobody knows any more when it is made is given back") {
  Trial trial;
  trial.provider->at_create = [&] {
    auto other = trial.other_store();
    other->break_lease("d", other->lease("d")->owner);  // muster unlock, and a destroy
    if (other->deployment("d")) other->forget_deployment("d");
  };
  CHECK_THROWS_AS(trial.apply(), Error);
  CHECK(trial.provider->nodes.empty());
  CHECK_FALSE(trial.store().deployment("d"));
}

TEST_CASE("apply: a node that another run has taken over is left to it") {
  Trial trial;
  trial.provider->at_create = [&] {
    trial.other_store()->break_lease("d", trial.store().lease("d")->owner);
  };
  CHECK_THROWS_AS(trial.apply(), Error);
  CHECK(trial.provider->nodes.size() == 1);
  CHECK(trial.all_known());
}

TEST_CASE("apply and destroy: whatever fails, nothing is lost, made twice or left") {
  CHECK(rc::check([] {
    Trial trial;
    auto few = [](int end) {
      return *rc::gen::resize(6, rc::gen::container<std::vector<int>>(rc::gen::inRange(0, end)));
    };
    auto faults = [&] {
      std::deque<Fault> faults;
      for (int n : few(4)) faults.push_back(static_cast<Fault>(n % 3));
      return faults;
    };
    for (int workers : few(4)) {
      trial.provider->creates = faults();
      trial.provider->destroys = faults();
      trial.provider->lists = faults();
      try {
        workers == 0 ? trial.destroy() : trial.apply(workers);
      } catch (const Error&) {
        // The provider could not be asked.
      }
      RC_ASSERT(trial.all_known());
    }
    trial.provider->creates = trial.provider->destroys = trial.provider->lists = {};
    // Without commit no node is removed, so the most that there were.
    RC_ASSERT(trial.apply(3).good());
    RC_ASSERT(trial.provider->nodes.size() == 4u);
    RC_ASSERT(trial.destroy().good());
    RC_ASSERT(trial.provider->nodes.empty());
    RC_ASSERT(!trial.provider->twins);
  }));
}
