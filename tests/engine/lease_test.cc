#include "provisioner/engine/lease.h"

#include <doctest/doctest.h>

#include <list>

#include "provisioner/base/error.h"
#include "tests/support/trial.h"

using namespace muster;
using namespace muster::testing;

namespace {

/// Another run that has taken the lock while ours was stopped.
void take_over(Store& other, const std::string& deployment) {
  CHECK(other.break_lease(deployment, other.lease(deployment)->owner));
  Lease lease;
  lease.deployment = deployment;
  lease.owner = "theirs";
  lease.user = "eve";
  lease.host = "h2";
  lease.process.pid = 42;
  lease.command = "muster apply d.json";
  CHECK_FALSE(other.acquire_lease(lease, kLeaseMs));
}

struct LeaseDesk {
  TestFolder folder;
  ShiftedClock clock;
  std::unique_ptr<Store> store = open_store(folder.path() / "state", clock);
  std::unique_ptr<Store> other = open_store(folder.path() / "state", clock);
  Heartbeat heartbeat{std::chrono::hours(1)};  // beats when it is told to
};

const std::string kLost =
    "this run has lost its lock on 'd' to eve@h2, pid 42, running 'muster apply d.json'\n"
    "  it had been stopped for too long; when no other run goes on, run the command again";

}  // namespace

TEST_CASE("lease: one beat keeps all locks of the process") {
  LeaseDesk desk;
  std::list<HeldLease> leases;
  for (int i = 0; i < 50; ++i) {
    leases.emplace_back(desk.heartbeat, *desk.store, "d" + std::to_string(i), "muster apply");
  }
  const auto until = desk.store->lease("d0")->expires_ms;
  desk.clock.ahead_ms = kLeaseMs / 2;
  desk.heartbeat.beat();
  for (int i = 0; i < 50; ++i) {
    CHECK(desk.store->lease("d" + std::to_string(i))->expires_ms >= until + kLeaseMs / 2);
  }
  for (auto& lease : leases) CHECK_FALSE(lease.stop().stop_requested());
  leases.clear();
  CHECK_FALSE(desk.store->lease("d0"));
}

TEST_CASE("lease: a beat that finds the lock lost stops its run, and no other") {
  LeaseDesk desk;
  std::stop_source user;
  HeldLease lease(desk.heartbeat, *desk.store, "d", "muster apply", user.get_token());
  HeldLease kept(desk.heartbeat, *desk.store, "e", "muster apply", user.get_token());
  take_over(*desk.other, "d");
  lease.check();  // nobody knows yet
  desk.heartbeat.beat();
  CHECK(lease.stop().stop_requested());
  CHECK(lease.lost().stop_requested());
  CHECK_FALSE(kept.stop().stop_requested());
  CHECK_THROWS_WITH(lease.check(), kLost.c_str());
  kept.check();
  user.request_stop();
  CHECK(kept.stop().stop_requested());
  CHECK_FALSE(kept.lost().stop_requested());
}

TEST_CASE("lease: work whose lock was lost meanwhile has come to nothing") {
  LeaseDesk desk;
  const LockPlace place{desk.heartbeat, *desk.store};
  RunOptions options;
  options.command = "muster apply";
  CHECK(with_lock(place, "d", options, [](const auto&, const auto&) { return 7; }) == 7);
  CHECK_FALSE(desk.store->lease("d"));
  auto lose = [&](const RunOptions& held, const HeldLease&) {
    take_over(*desk.other, "d");
    desk.heartbeat.beat();
    CHECK(held.stop.stop_requested());
    return 7;
  };
  CHECK_THROWS_WITH(with_lock(place, "d", options, lose), kLost.c_str());
  CHECK(desk.other->lease("d")->owner == "theirs");
}

TEST_CASE("lease: one that ran out while the process stood still is lost only to who came") {
  LeaseDesk desk;
  HeldLease lease(desk.heartbeat, *desk.store, "d", "muster apply");
  desk.clock.ahead_ms = 2 * kLeaseMs;
  desk.heartbeat.beat();
  CHECK_FALSE(lease.lost().stop_requested());
  desk.clock.ahead_ms = 4 * kLeaseMs;
  CHECK_THROWS_AS(HeldLease(desk.heartbeat, *desk.store, "d", "muster apply"), Error);
  Heartbeat elsewhere{std::chrono::hours(1)};
  HeldLease taken(elsewhere, *desk.other, "d", "muster apply");
  desk.heartbeat.beat();
  CHECK(lease.lost().stop_requested());
}

TEST_CASE(
    "apply: a run that learns that its lock is lost starts nothing more, and says who has it") {
  Trial trial;
  int asked = 0;
  trial.provider->at_create = [&] {
    ++asked;
    take_over(*trial.other_store(), "d");
    trial.heartbeat().beat();
  };
  try {
    trial.apply(3);
    FAIL("it went on");
  } catch (const Error& error) {
    CHECK(error.exit_code() == ExitCode::locked);
    CHECK(error.what() == kLost);
  }
  CHECK(trial.store().lease("d")->owner == "theirs");
  CHECK(asked == 1);
}

TEST_CASE("apply: a run whose lock is lost before it changes anything says so") {
  Trial trial;
  trial.confirm = [&](const Plan&) {
    take_over(*trial.other_store(), "d");
    trial.heartbeat().beat();
    return true;
  };
  CHECK_THROWS_WITH_AS(trial.apply(), kLost.c_str(), Error);
  CHECK_THROWS_AS(trial.apply_atomic(1), Error);
  CHECK(trial.provider->nodes.empty());
}
