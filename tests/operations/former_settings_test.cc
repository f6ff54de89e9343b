#include "provisioner/operations/former_settings.h"

#include <doctest/doctest.h>

#include "provisioner/base/error.h"
#include "provisioner/plan/plan.h"
#include "tests/support/trial.h"

using namespace muster;
using namespace muster::testing;

namespace {

/// A deployment whose revisions have programs in folders of their own.
struct History {
  /// Begins a revision with so many workers; returns its cluster.
  Cluster begin(const std::string& bin_dir, int workers, bool whole) {
    record.name = "d";
    record.tenant = "default";
    record.definition_file = "d.json";
    record.definition_text = R"({"name": "d", "attribs": {"k8s-bin_dir": ")" + bin_dir +
                             R"("}, "nodes": [{"prefix": "m", "roles": ["etcd", "k8s-master"]},
        {"prefix": "w", "roles": ["k8s-worker"], "count": )" +
                             std::to_string(workers) + "}]}";
    trial.store().begin_revision(record, "muster apply d.json");
    trial.store().mark_applied("d", whole);
    auto read = parse_definition("d.json", record.definition_text, {}, rules_of(trial.world()));
    REQUIRE(read.diagnostics.render() == "");
    return expand(read.definition, built_in_roles(), read.diagnostics);
  }

  void put(const Cluster& cluster, const std::string& node, bool in_doubt = false) {
    const auto& role = *find_role(built_in_roles(), "base");
    const auto whole = role_fingerprint(cluster, *cluster.find(node), role, nullptr);
    NodeRecord known;
    known.name = node;
    known.roles = {{"base", in_doubt ? kInDoubt : whole}};
    record.nodes.push_back(known);
  }

  std::string bin_dir(const std::string& node) {
    const auto world = trial.world();
    FormerSettings former(world, record);
    const auto* settings = former.of(node, "base");
    CHECK(former.of(node, "base") == settings);
    return settings == nullptr ? "" : settings->bin_dir;
  }

  Trial trial;
  DeploymentRecord record;
};

}  // namespace

TEST_CASE("former settings: a role has those of the revision that it came with") {
  History past;
  const auto first = past.begin("/first", 3, true);
  const auto second = past.begin("/second", 2, false);
  past.begin("/third", 1, false);
  past.put(second, "w-001");
  past.put(first, "w-002");
  // The second revision may have begun with it; what was whole is there in any case.
  past.put(first, "w-003", true);
  CHECK(past.bin_dir("w-001") == "/second");
  CHECK(past.bin_dir("w-002") == "/first");
  CHECK(past.bin_dir("w-003") == "/first");
}

TEST_CASE("former settings: what nobody remembers is not guessed") {
  History past;
  auto other = past.begin("/first", 1, true);
  other.settings.bin_dir = "/unknown";
  past.put(other, "w-001");
  past.record.nodes.push_back({});
  past.record.nodes.back().name = "late";
  CHECK(past.bin_dir("w-001") == "");
  CHECK(past.bin_dir("late") == "");
  CHECK(past.bin_dir("nobody") == "");
}
