#include <doctest/doctest.h>

#include <list>
#include <memory>

#include "provisioner/state/store.h"
#include "tests/state/support.h"

using namespace muster;

namespace {

constexpr std::int64_t kTtl = 30'000;

Lease wanted(const std::string& host, std::int64_t pid) {
  Lease lease;
  lease.deployment = "a";
  lease.user = "ann";
  lease.host = host;
  lease.pid = pid;
  lease.command = "muster apply a.json";
  return lease;
}

/// A store and the time it goes by.
struct Fixture {
  TemporaryDirectory directory;
  FakeClock clock;
  std::unique_ptr<Store> store = open_store(directory.state(), clock);
  std::unique_ptr<Store> other = open_store(directory.state(), clock);
};

std::int64_t dead_pid() {
  Child child([](int) {});
  child.wait();
  return child.pid();
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "lease: the second who wants it is told who has it") {
  CHECK(!store->lease("a"));
  CHECK(!store->acquire_lease(wanted("h1", 41), kTtl));
  auto holder = other->acquire_lease(wanted("h2", 42), kTtl);
  REQUIRE(holder);
  CHECK(holder->deployment == "a");
  CHECK(holder->user == "ann");
  CHECK(holder->host == "h1");
  CHECK(holder->pid == 41);
  CHECK(holder->command == "muster apply a.json");
  CHECK(holder->since_ms == clock.now);
  CHECK(holder->expires_ms == clock.now + kTtl);
  CHECK(other->lease("a")->pid == 41);
}

TEST_CASE_FIXTURE(Fixture, "lease: other deployments go on") {
  store->acquire_lease(wanted("h1", 41), kTtl);
  auto b = wanted("h2", 42);
  b.deployment = "b";
  CHECK(!other->acquire_lease(b, kTtl));
}

TEST_CASE_FIXTURE(Fixture, "lease: it can be taken once it has expired, not before") {
  store->acquire_lease(wanted("h1", 41), kTtl);
  clock.now += kTtl - 1;
  CHECK(other->acquire_lease(wanted("h2", 42), kTtl));
  clock.now += 1;
  CHECK(!other->acquire_lease(wanted("h2", 42), kTtl));
  CHECK(store->acquire_lease(wanted("h1", 41), kTtl)->pid == 42);
}

TEST_CASE_FIXTURE(Fixture, "lease: a renewed one does not expire") {
  store->acquire_lease(wanted("h1", 41), kTtl);
  clock.now += kTtl - 1;
  CHECK(store->renew_lease("a", kTtl));
  clock.now += kTtl - 1;
  CHECK(other->acquire_lease(wanted("h2", 42), kTtl));
}

TEST_CASE_FIXTURE(Fixture, "lease: one that another took cannot be renewed or given back") {
  store->acquire_lease(wanted("h1", 41), kTtl);
  clock.now += kTtl;
  other->acquire_lease(wanted("h2", 42), kTtl);
  CHECK(!store->renew_lease("a", kTtl));
  store->release_lease("a");
  REQUIRE(store->lease("a"));
  CHECK(store->lease("a")->pid == 42);
}

TEST_CASE_FIXTURE(Fixture, "lease: given back, it is free at once") {
  store->acquire_lease(wanted("h1", 41), kTtl);
  store->release_lease("a");
  CHECK(!store->lease("a"));
  CHECK(!store->renew_lease("a", kTtl));
  CHECK(!other->acquire_lease(wanted("h2", 42), kTtl));
}

TEST_CASE_FIXTURE(Fixture, "lease: a store that never took it can take it away") {
  store->acquire_lease(wanted("h1", 41), kTtl);
  other->release_lease("a");
  CHECK(!store->lease("a"));
}

TEST_CASE_FIXTURE(Fixture, "lease: a dead process on our host holds nothing, on another it may") {
  auto dead = dead_pid();
  store->acquire_lease(wanted("h1", dead), kTtl);
  CHECK(other->acquire_lease(wanted("h2", 42), kTtl)->pid == dead);
  CHECK(!other->acquire_lease(wanted("h1", ::getpid()), kTtl));
}

TEST_CASE_FIXTURE(Fixture, "lease: a living process on our host holds it") {
  store->acquire_lease(wanted("h1", 1), kTtl);
  CHECK(other->acquire_lease(wanted("h1", ::getpid()), kTtl)->pid == 1);
}

TEST_CASE_FIXTURE(Fixture, "lease: the holder may ask again") {
  store->acquire_lease(wanted("h1", ::getpid()), kTtl);
  clock.now += 10;
  CHECK(!store->acquire_lease(wanted("h1", ::getpid()), kTtl));
  CHECK(store->lease("a")->expires_ms == clock.now + kTtl);
}

TEST_CASE_FIXTURE(Fixture, "lease: who slept through its end writes nothing any more") {
  DeploymentRecord record;
  record.name = "a";
  store->acquire_lease(wanted("h1", 41), kTtl);
  store->begin_revision(record, "muster apply a.json");
  clock.now += 2 * kTtl;
  store->mark_applied("a", true);  // nobody came meanwhile
  REQUIRE(!other->acquire_lease(wanted("h2", 42), kTtl));
  NodeRecord node;
  node.name = "n";
  const std::string lost =
      "this run has lost its lock on 'a' to ann@h2, pid 42, running 'muster apply a.json'\n"
      "  it had been stopped for too long; when no other run goes on, run the command again";
  CHECK(error_of([&] { store->put_node("a", node); }) == lost);
  CHECK(error_of([&] { store->forget_node("a", "n"); }) == lost);
  CHECK(error_of([&] { store->put_role("a", "n", {"r", "f"}); }) == lost);
  CHECK(error_of([&] { store->forget_role("a", "n", "r"); }) == lost);
  CHECK(error_of([&] { store->begin_revision(record, ""); }) == lost);
  CHECK(error_of([&] { store->mark_applied("a", false); }) == lost);
  CHECK(error_of([&] { store->mark_undo("a", 1); }) == lost);
  CHECK(error_of([&] { store->forget_deployment("a"); }) == lost);
  Event event;
  event.deployment = "a";
  auto run = other->begin_run("a", "muster apply a.json");
  CHECK(error_of([&] { store->journal(run, event); }) == lost);
  other->put_node("a", node);
  other->release_lease("a");
  CHECK(error_of([&] { store->put_node("a", node); }).find("taken away, or another run") !=
        std::string::npos);
  record.name = "b";
  store->begin_revision(record, "muster apply b.json");  // others are free
}

TEST_CASE("lease: of many processes that want it at once, one gets it") {
  TemporaryDirectory directory;
  open_store(directory.state());
  for (int round = 0; round < 5; ++round) {
    int gate[2];
    REQUIRE(::pipe(gate) == 0);
    std::list<Child> children;
    for (int i = 0; i < 6; ++i) {
      children.emplace_back([&](int out) {
        ::close(gate[1]);
        auto store = open_store(directory.state());
        auto lease = wanted("h1", ::getpid());
        lease.deployment += std::to_string(round);
        Child::say(out, store->acquire_lease(lease, kTtl) ? "-" : "+");
        char ignored = 0;  // lives on, or its lease would be free
        if (::read(gate[0], &ignored, 1) != 0) ::_exit(3);
      });
    }
    ::close(gate[0]);
    std::string answers;
    for (auto& child : children) answers += child.hear(1);
    ::close(gate[1]);
    CHECK(answers.size() == 6);
    CHECK(std::count(answers.begin(), answers.end(), '+') == 1);
    for (auto& child : children) CHECK(child.wait() == 0);
  }
}
