#include "provisioner/run/lease.h"

#include <doctest/doctest.h>

#include <list>

#include "provisioner/base/error.h"
#include "tests/state/support.h"
#include "tests/support/folder.h"
#include "tests/support/runs.h"

using namespace muster;
using namespace muster::testing;

namespace {

/// All that with_lock asks of options.
struct RunWords {
  std::string command;
  std::stop_token stop;
};

struct LeaseDesk {
  TestFolder folder;
  ShiftedClock clock;
  std::unique_ptr<Store> store = open_store(folder.path() / "state", clock);
  std::unique_ptr<Store> other = open_store(folder.path() / "state", clock);
  Heartbeat heartbeat{std::chrono::hours(1)};  // beats when it is told to
};

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
  CHECK_THROWS_WITH(lease.check(), kLostLock.c_str());
  kept.check();
  user.request_stop();
  CHECK(kept.stop().stop_requested());
  CHECK_FALSE(kept.lost().stop_requested());
}

TEST_CASE("lease: work whose lock was lost meanwhile has come to nothing") {
  LeaseDesk desk;
  const LockPlace place{desk.heartbeat, *desk.store};
  const RunWords options{"muster apply", {}};
  CHECK(with_lock(place, "d", options, [](const auto&, const auto&) { return 7; }) == 7);
  CHECK_FALSE(desk.store->lease("d"));
  auto lose = [&](const RunWords& held, const HeldLease&) {
    take_over(*desk.other, "d");
    desk.heartbeat.beat();
    CHECK(held.stop.stop_requested());
    return 7;
  };
  CHECK_THROWS_WITH(with_lock(place, "d", options, lose), kLostLock.c_str());
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
