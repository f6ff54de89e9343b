// How long a deployment may live, and what destroys it then.
#include "provisioner/operations/expiry.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include "provisioner/run/lease.h"
#include "tests/support/trial.h"

using namespace muster;
using namespace muster::testing;

namespace {

constexpr std::int64_t kHour = 3'600'000;

std::int64_t expiry_of(Trial& trial) { return trial.store().deployment("d").value().expires_ms; }

/// A deployment that expires in an hour.
void make(Trial& trial) {
  REQUIRE(trial.apply_as(1, false, trial.clock.wall_ms() + kHour).run.good());
}

}  // namespace

TEST_CASE("expiry: an apply sets it, one that does not say so keeps it, none takes it away") {
  Trial trial;
  REQUIRE(trial.apply(1).good());
  CHECK(expiry_of(trial) == 0);
  REQUIRE(trial.apply_as(1, false, 5000).run.good());  // nothing to change: a verify
  CHECK(expiry_of(trial) == 5000);
  REQUIRE(trial.apply(2).good());  // a new revision
  CHECK(expiry_of(trial) == 5000);
  REQUIRE(trial.apply_as(2, false, 7000).run.good());
  CHECK(expiry_of(trial) == 7000);
  REQUIRE(trial.apply_as(3, false, 0).run.good());
  CHECK(expiry_of(trial) == 0);
}

TEST_CASE("expiry: it is on record before the first node is asked for") {
  Trial trial;
  std::int64_t seen = -1;
  trial.provider->at_create = [&] { seen = expiry_of(trial); };
  REQUIRE(trial.apply_as(1, false, 5000).run.good());
  CHECK(seen == 5000);
}

TEST_CASE("expiry: an atomic apply that fails gives back the time that there was") {
  Trial trial;
  REQUIRE(trial.apply_as(1, false, 5000).run.good());
  trial.provider->creates = {Fault::before};
  auto result = trial.apply_as(2, true, 9000);
  REQUIRE(result.undone);
  CHECK(result.undone->run.good());
  CHECK(expiry_of(trial) == 5000);
}

TEST_CASE("expiry: only those whose time is over are found, the longest ago first") {
  Trial trial;
  for (auto [name, expires_ms] : std::map<std::string, std::int64_t>{
           {"a", 300}, {"b", 100}, {"c", 0}, {"d", 301}, {"e", 200}}) {
    DeploymentRecord record;
    record.name = name;
    record.tenant = "t";
    trial.store().begin_revision(record, "");
    trial.store().mark_expiry(name, expires_ms);
  }
  std::string names;
  for (const auto& record : expired_deployments(trial.store(), 300)) names += record.name;
  CHECK(names == "bea");
}

TEST_CASE("expiry: what has expired is destroyed, and not before") {
  Trial trial;
  make(trial);
  CHECK(trial.destroy_expired().fate == Fate::kept);
  CHECK(trial.provider->nodes.size() == 2);
  trial.clock.ahead_ms = kHour;
  CHECK(trial.destroy_expired().fate == Fate::destroyed);
  CHECK(trial.provider->nodes.empty());
  CHECK_FALSE(trial.store().deployment("d"));
  CHECK(trial.destroy_expired().fate == Fate::kept);  // gone already
}

TEST_CASE("expiry: one that gets more time before its lock is taken is kept") {
  Trial trial;
  make(trial);
  trial.clock.ahead_ms = kHour;
  // Asked when the lock is held already, and after the first look.
  bool held = false;
  trial.provider->at_list = [&] {
    held = trial.store().lease("d").has_value();
    trial.store().mark_expiry("d", trial.clock.wall_ms() + kHour);
  };
  CHECK(trial.destroy_expired().fate == Fate::kept);
  CHECK(held);
  CHECK(trial.provider->nodes.size() == 2);
  CHECK(trial.store().deployment("d")->nodes.size() == 2);
  CHECK_FALSE(trial.store().lease("d"));
}

TEST_CASE("expiry: one that a living run has is left to it") {
  Trial trial;
  make(trial);
  trial.clock.ahead_ms = kHour;
  char host[256] = "";
  ::gethostname(host, sizeof host - 1);
  auto other = trial.other_store();
  Lease lease;
  lease.deployment = "d";
  lease.user = "anna";
  lease.host = host;
  lease.owner = "another";
  lease.command = "muster apply d.json";
  REQUIRE_FALSE(other->acquire_lease(lease, 2 * kHour));
  auto swept = trial.destroy_expired();
  CHECK(swept.fate == Fate::in_use);
  CHECK(swept.why.starts_with("anna@"));
  CHECK(trial.provider->nodes.size() == 2);
  other->release_lease("d");
  CHECK(trial.destroy_expired().fate == Fate::destroyed);
}

TEST_CASE("expiry: one that cannot be destroyed stays on record, to be tried again") {
  Trial trial;
  make(trial);
  trial.clock.ahead_ms = kHour;
  trial.provider->destroys = {Fault::before};
  CHECK(trial.destroy_expired().fate == Fate::failed);
  CHECK(trial.provider->nodes.size() == 1);
  trial.provider->lists = {Fault::before};  // not even begun
  auto swept = trial.destroy_expired();
  CHECK(swept.fate == Fate::failed);
  CHECK(swept.why.find("the provider cannot be asked") != std::string::npos);
  CHECK(trial.destroy_expired().fate == Fate::destroyed);
  CHECK(trial.provider->nodes.empty());
}

TEST_CASE("expiry: what an apply that was cut has left is found and destroyed") {
  Trial trial;
  trial.provider->creates = {Fault::none,
                             Fault::after};  // the second is there, and nobody knows it
  CHECK_FALSE(trial.apply_as(1, false, trial.clock.wall_ms() + kHour).run.good());
  CHECK(trial.provider->nodes.size() == 2);
  trial.clock.ahead_ms = kHour;
  CHECK(trial.destroy_expired().fate == Fate::destroyed);
  CHECK(trial.provider->nodes.empty());
}
