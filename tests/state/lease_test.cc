#include <doctest/doctest.h>

#include <list>
#include <memory>

#include "provisioner/state/store.h"
#include "tests/state/support.h"

using namespace muster;

namespace {

constexpr std::int64_t kTtl = 30'000;

/// Of a machine that this one knows nothing of.
Lease wanted(const std::string& host, std::int64_t pid) {
  Lease lease;
  lease.deployment = "a";
  lease.owner = host + "-" + std::to_string(pid);
  lease.user = "ann";
  lease.host = host;
  lease.process = {"boot of " + host, pid, 0};
  lease.command = "muster apply a.json";
  return lease;
}

/// Of a process here.
Lease wanted_here(ProcessMark process, const std::string& owner = "here") {
  auto lease = wanted("h1", process.pid);
  lease.owner = owner;
  lease.process = std::move(process);
  return lease;
}

/// A store and the time it goes by.
struct Fixture {
  TemporaryDirectory directory;
  FakeClock clock;
  std::unique_ptr<Store> store = open_store(directory.state(), clock);
  std::unique_ptr<Store> other = open_store(directory.state(), clock);
};

ProcessMark dead_process() {
  Child child([](int) {});
  child.wait();
  return {this_process().place, child.pid(), 0};
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "lease: the second who wants it is told who has it") {
  CHECK(!store->lease("a"));
  CHECK(!store->acquire_lease(wanted("h1", 41), kTtl));
  auto holder = other->acquire_lease(wanted("h2", 42), kTtl);
  REQUIRE(holder);
  CHECK(holder->deployment == "a");
  CHECK(holder->owner == "h1-41");
  CHECK(holder->user == "ann");
  CHECK(holder->host == "h1");
  CHECK(holder->process.pid == 41);
  CHECK(holder->command == "muster apply a.json");
  CHECK(holder->since_ms == clock.now);
  CHECK(holder->expires_ms == clock.now + kTtl);
  CHECK(other->lease("a")->process.pid == 41);
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
  CHECK(store->acquire_lease(wanted("h1", 41), kTtl)->process.pid == 42);
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
  CHECK(store->lease("a")->process.pid == 42);
}

TEST_CASE_FIXTURE(Fixture, "lease: given back, it is free at once") {
  store->acquire_lease(wanted("h1", 41), kTtl);
  store->release_lease("a");
  CHECK(!store->lease("a"));
  CHECK(!store->renew_lease("a", kTtl));
  CHECK(!other->acquire_lease(wanted("h2", 42), kTtl));
}

TEST_CASE_FIXTURE(Fixture, "lease: it is taken away from the owner that is named, and no other") {
  store->acquire_lease(wanted("h1", 41), kTtl);
  CHECK_FALSE(other->break_lease("a", "h1-42"));
  CHECK(store->lease("a"));
  CHECK(other->break_lease("a", "h1-41"));
  CHECK_FALSE(store->lease("a"));
  CHECK_FALSE(other->break_lease("a", "h1-41"));
}

TEST_CASE_FIXTURE(Fixture, "lease: a store that never took it gives nothing back") {
  store->acquire_lease(wanted("h1", 41), kTtl);
  other->release_lease("a");
  CHECK(store->lease("a"));
}

TEST_CASE_FIXTURE(Fixture, "lease: a dead process of ours holds nothing, one of elsewhere may") {
  auto dead = dead_process();
  store->acquire_lease(wanted_here(dead), kTtl);
  CHECK_FALSE(other->acquire_lease(wanted("h2", 42), kTtl));
  other->release_lease("a");
  store->release_lease("a");
  // The same host name and pid, and another pid namespace: it may well live.
  dead.place += " of another container";
  store->acquire_lease(wanted_here(dead), kTtl);
  CHECK(other->acquire_lease(wanted_here(this_process()), kTtl)->process.pid == dead.pid);
}

TEST_CASE_FIXTURE(Fixture,
                  "lease: a living process of ours holds it, one that has its number not") {
  store->acquire_lease(wanted_here(this_process()), kTtl);
  CHECK(other->acquire_lease(wanted("h2", 42), kTtl)->process.pid == ::getpid());
  store->release_lease("a");
  auto earlier = this_process();
  --earlier.started;
  store->acquire_lease(wanted_here(earlier), kTtl);
  CHECK_FALSE(other->acquire_lease(wanted("h2", 42), kTtl));
}

TEST_CASE_FIXTURE(Fixture, "lease: one process has it once") {
  store->acquire_lease(wanted_here(this_process(), "first"), kTtl);
  CHECK(store->acquire_lease(wanted_here(this_process(), "second"), kTtl)->owner == "first");
  CHECK(other->acquire_lease(wanted_here(this_process(), "third"), kTtl)->owner == "first");
  // Nor when its first hold has run out: that one must not go on under the second.
  clock.now += kTtl;
  CHECK(store->acquire_lease(wanted_here(this_process(), "second"), kTtl)->owner == "first");
  store->release_lease("a");
  CHECK_FALSE(store->acquire_lease(wanted_here(this_process(), "second"), kTtl));
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
  CHECK(state_error([&] { store->put_node("a", node); }) == lost);
  CHECK(state_error([&] { store->forget_node("a", "n"); }) == lost);
  CHECK(state_error([&] { store->put_role("a", "n", {"r", "f"}); }) == lost);
  CHECK(state_error([&] { store->forget_role("a", "n", "r"); }) == lost);
  CHECK(state_error([&] { store->begin_revision(record, ""); }) == lost);
  CHECK(state_error([&] { store->mark_applied("a", false); }) == lost);
  CHECK(state_error([&] { store->mark_undo("a", 1); }) == lost);
  CHECK(state_error([&] { store->forget_deployment("a"); }) == lost);
  Event event;
  event.deployment = "a";
  auto run = other->begin_run("a", "muster apply a.json");
  CHECK(state_error([&] { store->journal(run, event); }) == lost);
  CHECK(state_error([&] { store->begin_run("a", ""); }) == lost);
  CHECK(state_error([&] { store->mark_expiry("a", 1); }) == lost);
  CHECK(state_error([&] { store->mark_certificates("a", {}); }) == lost);
  CHECK(state_error([&] { store->put_secret(deployment_scope("a"), "key", Secret("x")); }) == lost);
  CHECK(state_error([&] { store->check_lease("a"); }) == lost);
  other->put_node("a", node);
  other->release_lease("a");
  CHECK(state_error([&] { store->put_node("a", node); }).find("taken away, or another run") !=
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
        auto lease = wanted_here(this_process(), std::to_string(::getpid()));
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
