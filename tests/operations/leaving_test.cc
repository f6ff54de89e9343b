// When a machine that was there before muster is let go of.
#include <doctest/doctest.h>

#include "provisioner/base/text.h"
#include "tests/support/trial.h"

using namespace muster;
using namespace muster::testing;

namespace {

using Lines = std::vector<std::string>;

/// A deployment on machines that stay, of which w-001 has roles.
struct Site {
  Site() {
    trial.provider->wiping = false;
    REQUIRE(trial.apply(1).good());
    for (const char* role : {"base", "mine"}) trial.store().put_role("d", "w-001", {role, "f"});
  }

  NodeRecord node() { return *trial.store().deployment("d").value().find("w-001"); }
  void put(const NodeRecord& node) { trial.store().put_node("d", node); }

  /// Its undo cannot begin, for a reason that is not the machine's.
  void lose_key() {
    auto changed = node();
    changed.endpoint.identity = "/nowhere/key";
    put(changed);
  }
  /// Nothing can be undone there.
  void lose_machine() {
    auto changed = node();
    changed.endpoint = {};
    put(changed);
  }

  Lines roles() {
    Lines names;
    for (const auto& known : node().roles) names.push_back(known.role);
    return names;
  }

  /// Of the last run.
  Lines failures() const {
    Lines lines;
    for (const auto& event : trial.reporter.of(EventType::step_finished)) {
      if (event.outcome == Outcome::failed) lines.push_back(event.step + ": " + event.message);
    }
    return lines;
  }

  bool has_machine() { return trial.provider->nodes.count(node().token) == 1; }

  Trial trial;
};

const char* const kNobodyKnows =
    "nobody knows any more which machine 'w-001' has\n"
    "  'w-001' stays in use until what roles made there is undone: bring it back, and run this "
    "again\n"
    "  if it is gone for good, run this again with --forget-unreachable d/w-001";

}  // namespace

TEST_CASE("leaving: a machine whose undo failed stays on record and in use, by whatever way") {
  Site site;
  site.lose_key();
  auto& trial = site.trial;
  const auto token = site.node().token;
  SUBCASE("destroy") {
    auto summary = trial.destroy();
    CHECK(summary.failed == 1);
    CHECK(summary.skipped == 2);
    CHECK(summary.changed == 1);  // the other node is gone
    CHECK(trial.record() == Lines{"w-001 ready"});
  }
  SUBCASE("gc") {
    trial.store().mark_expiry("d", 1);
    CHECK(trial.destroy_expired().fate == Fate::failed);
    CHECK(trial.record() == Lines{"w-001 ready"});
  }
  SUBCASE("it is switched off, or half gone") {
    auto changed = site.node();
    changed.state = NodeState::destroying;
    site.put(changed);
    CHECK(trial.destroy().failed == 1);
    CHECK(trial.record() == Lines{"w-001 unsure"});
  }
  CHECK(site.roles() == Lines{"base", "mine"});
  CHECK(site.node().find_role("mine")->fingerprint == kInDoubt);
  CHECK(site.has_machine());
  CHECK(site.node().token == token);
  const auto failures = site.failures();
  REQUIRE(failures.size() == 1);
  CHECK(failures[0].starts_with("undo mine on w-001: cannot read '/nowhere/key'"));
  CHECK(
      failures[0].ends_with("\n  'w-001' stays in use until what roles made there is undone: "
                            "mend it, and run this again"));
}

TEST_CASE("leaving: what is wiped goes though it does not answer") {
  Site site;
  site.trial.provider->wiping = true;
  site.lose_machine();
  CHECK(site.trial.destroy().good());
  CHECK(site.trial.provider->nodes.empty());
}

TEST_CASE("leaving: a machine out of reach is forgotten when the user says so, by its name") {
  Site site;
  site.lose_machine();
  auto& trial = site.trial;
  trial.leaving.forgotten = {"d/m-001", "other/w-001", "w-001"};
  CHECK(trial.destroy().failed == 1);
  CHECK(site.failures() == Lines{std::string("undo mine on w-001: ") + kNobodyKnows});
  CHECK(site.has_machine());

  trial.leaving.forgotten = {"d/w-001"};
  CHECK(trial.destroy().good());
  CHECK_FALSE(trial.store().deployment("d"));
  CHECK(trial.provider->nodes.empty());
  Lines warnings;
  for (const auto& event : trial.reporter.of(EventType::warning)) warnings.push_back(event.message);
  CHECK(warnings == Lines{"'w-001' is forgotten and was not undone: what roles made stays on a "
                          "machine that nobody knows any more (roles mine, base)"});
}

TEST_CASE("leaving: a machine that can be reached is not forgotten") {
  Site site;
  site.lose_key();
  site.trial.leaving.forgotten = {"d/w-001"};
  CHECK(site.trial.destroy().failed == 1);
  CHECK(site.has_machine());
}

TEST_CASE("leaving: roles of a forgotten machine stay on record until it is off it") {
  Site site;
  site.lose_machine();
  auto& trial = site.trial;
  trial.leaving.forgotten = {"d/w-001"};
  trial.provider->destroys = {Fault::before, Fault::before};  // say, a BMC is silent
  CHECK(trial.destroy().failed == 2);
  CHECK(site.roles() == Lines{"base", "mine"});
  trial.leaving.forgotten = {};
  CHECK(trial.destroy().failed == 1);
  CHECK(site.has_machine());
  trial.leaving.forgotten = {"d/w-001"};
  CHECK(trial.destroy().good());
}

TEST_CASE("leaving: a node with roles keeps its machine when it is made again") {
  Site site;
  auto& trial = site.trial;
  trial.provider->stayed = 0;
  trial.provider->nodes[site.node().token].running = false;
  REQUIRE(trial.apply(1).good());
  CHECK(trial.provider->stayed == 1);
}
