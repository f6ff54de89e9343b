// What an atomic apply leaves when it fails, and where a rollback goes.
#include <doctest/doctest.h>

#include "provisioner/base/error.h"
#include "tests/support/trial.h"

using namespace muster;
using namespace muster::testing;

namespace {

using Names = std::vector<std::string>;

std::string refusal_of_atomic(Trial& trial) try {
  trial.apply_atomic(2);
  return "none";
} catch (const Error& error) {
  return error.what();
}

int revision_of(Trial& trial) { return trial.store().deployment("d").value().revision; }

}  // namespace

TEST_CASE("atomic: one that works is like any other, and has nothing left to undo") {
  Trial trial;
  auto result = trial.apply_atomic(2);
  CHECK(result.run.good());
  CHECK_FALSE(result.undone);
  CHECK(trial.record() == Names{"m-001 ready", "w-001 ready", "w-002 ready"});
  CHECK_FALSE(trial.store().deployment("d")->undo_to);
}

TEST_CASE("atomic: a new deployment that fails leaves nothing") {
  for (auto fault : {Fault::before, Fault::after}) {
    Trial trial;
    trial.provider->creates = {Fault::none, fault};
    auto result = trial.apply_atomic(2);
    CHECK(result.run.failed == 1);
    REQUIRE(result.undone);
    CHECK(result.undone->back_to == 0);
    CHECK(result.undone->run.good());
    CHECK(trial.provider->nodes.empty());
    CHECK_FALSE(trial.store().deployment("d"));
  }
}

TEST_CASE("atomic: one that was there before goes back to the revision it had") {
  Trial trial;
  REQUIRE(trial.apply(1).good());
  auto before = trial.provider->nodes;
  trial.provider->creates = {Fault::none, Fault::after};
  auto result = trial.apply_atomic(3);
  CHECK(result.run.failed == 1);
  REQUIRE(result.undone);
  CHECK(result.undone->back_to == 1);
  CHECK(result.undone->run.good());
  CHECK(trial.record() == Names{"m-001 ready", "w-001 ready"});
  CHECK(trial.provider->nodes.size() == 2);
  for (const auto& [token, node] : before) CHECK(trial.provider->nodes.count(token) == 1);
  CHECK(revision_of(trial) == 3);  // it says so, and history can be read
  CHECK(trial.store().deployment("d")->applied);
  CHECK_FALSE(trial.store().deployment("d")->undo_to);
}

TEST_CASE("atomic: with the definition that it had there is nothing to go back to") {
  Trial trial;
  trial.provider->creates = {Fault::before};
  CHECK_FALSE(trial.apply(1).good());
  trial.provider->creates = {Fault::before};
  auto result = trial.apply_atomic(1);
  CHECK(result.run.failed == 1);
  CHECK_FALSE(result.undone);
  CHECK(trial.provider->nodes.size() == 1);
}

TEST_CASE("atomic: nothing begins that could not go back to a release which is only on record") {
  Trial trial;
  REQUIRE(trial.apply(1).good());
  auto old = trial.store().deployment("d").value();
  old.definition_text.insert(old.definition_text.find('{') + 1,
                             "\"attribs\": {\"k8s-version\": \"v1.20.2\"}, ");
  trial.store().begin_revision(old, "muster apply d.json");
  const auto said = refusal_of_atomic(trial);
  CHECK(said.find("revision 2 of 'd' is no longer right:\n") == 0);
  CHECK(said.find("Kubernetes v1.20.2 is out of support since 2022-02-28") != std::string::npos);
  CHECK(
      said.ends_with("\n  while looking for what an atomic apply would go back to"
                     "\n  make a snapshot first (muster etcd backup d --to FILE), and leave "
                     "'--atomic' out"));
  CHECK(trial.provider->nodes.size() == 2);
  CHECK(trial.apply(2).good());
  CHECK(trial.record() == Names{"m-001 ready", "w-001 ready", "w-002 ready"});
}

TEST_CASE("atomic: a Ctrl-C undoes what was done, and the undoing is not stopped by it") {
  Trial trial;
  trial.provider->at_create = [&] { trial.stop.request_stop(); };
  auto result = trial.apply_atomic(2);
  CHECK(result.run.interrupted);
  REQUIRE(result.undone);
  CHECK(result.undone->run.good());
  CHECK(trial.provider->nodes.empty());
}

TEST_CASE("atomic: a Ctrl-C while the undoing asks the provider leaves it to be gone on with") {
  Trial trial;
  REQUIRE(trial.apply(1).good());
  trial.provider->creates = {Fault::before};
  int asked = 0;
  trial.provider->at_list = [&] {
    if (++asked == 2) trial.stop.request_stop();
  };
  auto result = trial.apply_atomic(3);
  REQUIRE(asked >= 2);
  CHECK(result.run.failed == 1);
  REQUIRE(result.undone);
  CHECK(result.undone->back_to == 1);
  CHECK(result.undone->run.interrupted);
  CHECK(trial.store().deployment("d")->undo_to == 1);
}

TEST_CASE("atomic: an undoing that fails is on record, and the next atomic apply knows it") {
  Trial trial;
  REQUIRE(trial.apply(1).good());
  trial.provider->creates = {Fault::none, Fault::before};
  trial.provider->destroys = {Fault::before};
  auto result = trial.apply_atomic(3);
  REQUIRE(result.undone);
  CHECK(result.undone->run.failed == 1);
  CHECK(trial.store().deployment("d")->undo_to == 1);
  CHECK(trial.all_known());

  trial.provider->creates = {Fault::before};
  result = trial.apply_atomic(3);
  REQUIRE(result.undone);
  CHECK(result.undone->back_to == 1);
  CHECK(result.undone->run.good());
  CHECK(trial.record() == Names{"m-001 ready", "w-001 ready"});
  CHECK_FALSE(trial.store().deployment("d")->undo_to);
}

TEST_CASE("atomic: an undoing that was cut can be gone on with by a rollback, or by destroy") {
  Trial trial;
  trial.provider->creates = {Fault::none, Fault::before};
  trial.provider->destroys = {Fault::before};
  CHECK(trial.apply_atomic(1).undone->run.failed == 1);
  CHECK(trial.store().deployment("d")->undo_to == 0);
  CHECK(trial.destroy().good());
  CHECK(trial.provider->nodes.empty());

  REQUIRE(trial.apply(1).good());
  auto good = revision_of(trial);
  trial.provider->creates = {Fault::none, Fault::before};
  trial.provider->destroys = {Fault::after};
  CHECK(trial.apply_atomic(3).undone->run.failed == 1);
  CHECK(trial.roll_back(good).run.good());
  CHECK(trial.record() == Names{"m-001 ready", "w-001 ready"});
  CHECK_FALSE(trial.store().deployment("d")->undo_to);
}

TEST_CASE("atomic: a plain apply keeps what works, also after one that was to be undone") {
  Trial trial;
  trial.provider->creates = {Fault::none, Fault::before};
  trial.provider->destroys = {Fault::before};
  CHECK(trial.apply_atomic(1).undone);
  CHECK(trial.apply(1).good());
  CHECK_FALSE(trial.store().deployment("d")->undo_to);
  CHECK(trial.provider->nodes.size() == 2);
}

TEST_CASE("rollback: the revision before is the last that was whole and differs") {
  Trial trial;
  REQUIRE(trial.apply(1).good());  // 1
  REQUIRE(trial.apply(2).good());  // 2
  trial.provider->creates = {Fault::before};
  CHECK_FALSE(trial.apply(3).good());  // 3: never whole
  CHECK(revision_before(trial.store(), "d") == 2);
  REQUIRE(trial.roll_back(2).run.good());  // 4, which says what 2 said
  CHECK(revision_of(trial) == 4);
  CHECK(trial.record() == Names{"m-001 ready", "w-001 ready", "w-002 ready"});
  CHECK(revision_before(trial.store(), "d") == 1);
  REQUIRE(trial.roll_back(1).run.good());  // 5
  CHECK(trial.record() == Names{"m-001 ready", "w-001 ready"});
}

TEST_CASE("rollback: a deployment that was destroyed can be made again, if one says which") {
  Trial trial;
  REQUIRE(trial.apply(1).good());
  REQUIRE(trial.apply(2).good());
  REQUIRE(trial.destroy().good());
  CHECK_THROWS_WITH(revision_before(trial.store(), "d"),
                    "there is no deployment 'd' to roll back\n"
                    "  to make it again: muster rollback d --to REVISION; see: muster history d");
  CHECK(trial.roll_back(1).run.good());
  CHECK(trial.record() == Names{"m-001 ready", "w-001 ready"});
}

TEST_CASE("rollback: refuses what there never was") {
  Trial trial;
  CHECK_THROWS_WITH(revision_before(trial.store(), "d"),
                    "there is no deployment 'd' to roll back\n  see: muster list");
  REQUIRE(trial.apply(1).good());
  CHECK_THROWS_WITH(revision_before(trial.store(), "d"),
                    "'d' has no earlier revision that was ever whole\n"
                    "  name one with --to; see: muster history d");
  CHECK_THROWS_WITH(trial.roll_back(7), "'d' has no revision 7\n  it has: 1");
}
