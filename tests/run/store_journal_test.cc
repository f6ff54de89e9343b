// What a run leaves in the store for `muster logs` and `muster report`.
#include "provisioner/run/store_journal.h"

#include <doctest/doctest.h>

#include "provisioner/run/task_replies.h"
#include "tests/state/support.h"
#include "tests/support/folder.h"

using namespace muster;

namespace {

using Lines = std::vector<std::string>;

/// A run of a journal of its own on one step, "etcd on a".
struct Journaled {
  TestFolder folder;
  RealClock clock;
  std::unique_ptr<Store> store = open_store(folder.path());
  Cluster cluster;
  DeploymentRecord record;
  Step step;

  Journaled() {
    record.name = "d";
    record.tenant = "t";
    store->begin_revision(record, "muster apply");
    NodeRecord node;
    node.name = "a";
    store->put_node("d", node);
    record = store->deployment("d").value();
    step.node = "a";
    step.verb = Verb::apply_role;
    step.role = "etcd";
  }
};

}  // namespace

TEST_CASE("journal: the tasks that changed something are kept with their step") {
  Journaled run;
  NodeRecords records(*run.store, run.cluster, run.record);
  StoreJournal journal(*run.store, run.clock, records, "d", "muster apply",
                       [](const NodeRecord&) {});
  StepResult result;
  result.outcome = Outcome::changed;
  result.changed = {{"packages", "install etcd", 20}, {"unit", "", 10}};
  journal.together([&] { journal.before(run.step); });
  journal.together([&] { journal.after(run.step, result); });
  journal.finish({});
  CHECK(told(*run.store, EventType::task_finished) ==
        Lines{"changed etcd on a packages: install etcd", "changed etcd on a unit"});
  CHECK(told(*run.store, EventType::step_finished) == Lines{"changed etcd on a"});
}

TEST_CASE("journal: steps that never began are kept at the end of the run") {
  Journaled run;
  NodeRecords records(*run.store, run.cluster, run.record);
  StoreJournal journal(*run.store, run.clock, records, "d", "muster apply",
                       [](const NodeRecord&) {});
  journal.unstarted(run.step, Outcome::skipped, "because 'create a' failed");
  CHECK(told(*run.store, EventType::step_finished).empty());
  journal.finish({});
  CHECK(told(*run.store, EventType::step_finished) ==
        Lines{"skipped etcd on a: because 'create a' failed"});
  CHECK(run.store->runs("d").back().result == "done");
}

TEST_CASE("journal: a run that lost its lock still says how it ended") {
  Journaled run;
  Lease lease;
  lease.deployment = "d";
  lease.host = "here";
  lease.owner = "ours";
  REQUIRE_FALSE(run.store->acquire_lease(lease, 60'000));
  NodeRecords records(*run.store, run.cluster, run.record);
  StoreJournal journal(*run.store, run.clock, records, "d", "muster apply",
                       [](const NodeRecord&) {});
  journal.unstarted(run.step, Outcome::canceled, "");
  open_store(run.folder.path())->break_lease("d", "ours");
  journal.finish({});
  CHECK(told(*run.store, EventType::step_finished).empty());
  CHECK(run.store->runs("d").back().result == "done");
}

TEST_CASE("replies: the step has the tasks that changed something, also when one failed") {
  CompiledScript script;
  script.task_names = {"one", "two", "three"};
  TaskReplies replies(script, [](const Event&) {});
  replies.take({0, "changed", 0, 5, "", "write it\n"});
  replies.take({1, "unchanged", 0, 1, "", ""});
  replies.take({2, "failed", 7, 1, "false", "no"});
  auto result = replies.result_of({}, {});
  CHECK(result.outcome == Outcome::failed);
  CHECK(result.task == "three");
  CHECK(result.exit_code == 7);
  REQUIRE(result.changed.size() == 1);
  CHECK(result.changed[0].task == "one");
  CHECK(result.changed[0].message == "write it");
  CHECK(result.changed[0].ms == 5);
}
