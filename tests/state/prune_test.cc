#include <doctest/doctest.h>

#include "provisioner/state/store.h"
#include "tests/state/support.h"

using namespace muster;

namespace {

constexpr std::int64_t kDay = 24LL * 60 * 60 * 1000;

struct Past {
  TemporaryDirectory directory;
  FakeClock clock;
  std::unique_ptr<Store> store = open_store(directory.state(), clock);

  void revise(const std::string& name, const std::string& text, bool whole = true) {
    DeploymentRecord record;
    record.name = name;
    record.tenant = kDefaultTenant;
    record.definition_text = text;
    store->begin_revision(record, "muster apply");
    if (whole) store->mark_applied(name, true);
  }

  std::int64_t run(const std::string& name) {
    auto id = store->begin_run(name, "muster apply");
    Event event;
    event.deployment = name;
    event.type = EventType::step_started;
    store->journal(id, event);
    store->finish_run(id, "done");
    return id;
  }

  std::vector<int> revisions(const std::string& name) {
    std::vector<int> numbers;
    for (const auto& known : store->revisions(name)) numbers.push_back(known.revision);
    return numbers;
  }

  std::vector<std::int64_t> runs(const std::string& name) {
    std::vector<std::int64_t> ids;
    for (const auto& known : store->runs(name)) ids.push_back(known.id);
    return ids;
  }
};

Keeping keeping(int runs, int revisions, std::int64_t days = 1000) {
  return {runs, revisions, days * kDay};
}

}  // namespace

TEST_CASE_FIXTURE(Past, "prune: the newest runs are kept with their events, of each deployment") {
  std::vector<std::int64_t> a;
  for (int i = 0; i < 5; ++i) {
    a.push_back(run("a"));
    if (i < 2) run("b");
  }
  CHECK(store->prune(keeping(3, 100)) == 2);
  CHECK(runs("a") == std::vector(a.begin() + 2, a.end()));
  CHECK(runs("b").size() == 2);
  CHECK(store->events(a[1]).empty());
  CHECK(store->events(a[2]).size() == 1);
  CHECK(store->prune(keeping(3, 100)) == 0);
  CHECK(run("a") > a.back());  // ids are never given again
}

TEST_CASE_FIXTURE(Past,
                  "prune: what is old goes, but for the last run of a deployment that is there") {
  revise("a", "one");
  auto old = run("a");
  run("gone");
  clock.now += 10 * kDay;
  CHECK(store->prune(keeping(100, 100, 9)) == 1);
  CHECK(runs("a") == std::vector{old});
  CHECK(runs("gone").empty());
  auto young = run("a");
  CHECK(store->prune(keeping(100, 100, 9)) == 1);
  CHECK(runs("a") == std::vector{young});
}

TEST_CASE_FIXTURE(Past, "prune: revisions that a rollback or an undo needs are kept") {
  revise("a", "one");
  revise("a", "two");
  revise("a", "three", false);
  revise("a", "two");  // says what the second one says
  revise("a", "three", false);
  store->mark_undo("a", 4);
  revise("b", "one");
  clock.now += 10 * kDay;
  store->prune(keeping(100, 1, 9));
  CHECK(revisions("a") == std::vector{4, 5});  // as a rollback goes to the fourth too
  CHECK(revisions("b") == std::vector{1});
  store->mark_undo("a", {});
  revise("a", "two");
  revise("a", "two", false);
  store->prune(keeping(100, 1));
  CHECK(revisions("a") == std::vector{7});  // nothing before was whole and says something else
  store->forget_deployment("b");
  store->prune(keeping(100, 100, 9));
  CHECK(revisions("b").empty());
}

TEST_CASE_FIXTURE(Past, "prune: nothing of a deployment that a run holds") {
  revise("a", "one");
  revise("a", "two");
  revise("a", "three");
  run("a");
  run("a");
  Lease lease;
  lease.deployment = "a";
  lease.owner = "one";
  REQUIRE_FALSE(store->acquire_lease(lease, kDay));
  CHECK(store->prune(keeping(1, 1)) == 0);
  store->release_lease("a");
  CHECK(store->prune(keeping(1, 1)) == 2);
  CHECK(revisions("a") == std::vector{2, 3});
  CHECK(runs("a").size() == 1);
}

TEST_CASE_FIXTURE(Past, "prune: much is forgotten a part at a time") {
  store->together([&] {
    for (int i = 0; i < 1500; ++i) store->begin_run("a", "muster apply");
  });
  CHECK(store->prune(keeping(100, 100)) == 1000);
  CHECK(store->prune(keeping(100, 100)) == 400);
  CHECK(runs("a").size() == 100);
}
