// What the order of certificates means for a plan.
#include <doctest/doctest.h>

#include "provisioner/plan/fingerprints.h"
#include "tests/support/clusters.h"

using namespace muster;
using namespace muster::testing;

namespace {

using Lines = std::vector<std::string>;

std::vector<Role> roles_with_certificates() {
  auto roles = stock_roles();
  for (auto& role : roles) {
    if (role.name == "etcd") role.certificates = {{"etcd", "etcd", "x", {}, {}, true, true, ""}};
    if (role.name == "k8s-master") role.authorities = {"cluster"};
    role.rolling = role.name == "etcd" || role.name == "k8s-master";
  }
  return roles;
}

Cluster three_masters(const std::vector<Role>& roles) {
  return make_cluster({make_node("c-1", {"etcd", "k8s-master"}, roles),
                       make_node("c-2", {"etcd", "k8s-master"}, roles),
                       make_node("c-3", {"etcd", "k8s-master"}, roles)});
}

}  // namespace

TEST_CASE("planner: a new generation of certificates concerns the roles that have some") {
  auto roles = roles_with_certificates();
  auto cluster = stock_cluster(1, roles);
  auto record = applied(cluster, roles);
  record.certificates.generation = 1;
  auto plan = plan_apply(cluster, roles, &record);
  CHECK(steps_of(plan) == Lines{"etcd on c-1: its certificates are renewed",
                                "k8s-master on c-1: its certificates are renewed"});
  auto after = carry_out(plan, cluster, record);
  CHECK(plan_apply(cluster, roles, &after).empty());
  after.certificates.generation = 2;
  CHECK(plan_apply(cluster, roles, &after).steps.size() == 2);
}

TEST_CASE("planner: each phase of a rotation has its reason, and its end has no steps") {
  auto roles = roles_with_certificates();
  auto cluster = stock_cluster(1, roles);
  auto record = applied(cluster, roles);
  const std::vector<std::pair<RotationPhase, std::string>> reasons{
      {RotationPhase::trust, "the new CAs are trusted too"},
      {RotationPhase::issue, "certificates of the new CAs"},
      {RotationPhase::distrust, "the old CAs are no longer trusted"}};
  for (const auto& [phase, reason] : reasons) {
    record.certificates.phase = phase;
    ++record.certificates.generation;
    auto plan = plan_apply(cluster, roles, &record);
    CHECK(steps_of(plan) == Lines{"etcd on c-1: " + reason, "k8s-master on c-1: " + reason});
    record = carry_out(plan, cluster, record);
  }
  record.certificates.phase = RotationPhase::none;
  CHECK(plan_apply(cluster, roles, &record).empty());
}

TEST_CASE("planner: the first generation is in no fingerprint, as in older records") {
  auto roles = roles_with_certificates();
  auto cluster = stock_cluster(1, roles);
  auto record = applied(cluster, roles);
  const auto* etcd = record.find("c-1")->find_role("etcd");
  REQUIRE(etcd);
  CHECK(std::count(etcd->fingerprint.begin(), etcd->fingerprint.end(), '.') == 3);
  CHECK(changed_parts("a.b.c.d", "a.b.c.d.1") == Lines{"certificates"});
  CHECK(changed_parts("a.b.c.d.1", "a.x.c.d.2") == Lines{"settings", "certificates"});
  CHECK(changed_parts("a.b.c.d", "a.b.c.e") == Lines{"members"});
  CHECK(changed_parts("a.b.c", "a.b.c.d") == Lines{"how muster records it"});
}

TEST_CASE("planner: other changes are named beside the renewal") {
  auto roles = roles_with_certificates();
  auto cluster = stock_cluster(1, roles);
  auto record = applied(cluster, roles);
  record.certificates.generation = 1;
  cluster.settings.log_level = 5;
  auto plan = plan_apply(cluster, roles, &record);
  const auto* step = find_step(plan, "etcd on c-1");
  REQUIRE(step);
  CHECK(step->reason == "its certificates are renewed; changed: settings");
}

TEST_CASE("planner: members in service get certificates one after the other") {
  auto roles = roles_with_certificates();
  auto cluster = three_masters(roles);
  auto record = applied(cluster, roles);
  record.certificates.generation = 1;
  auto plan = plan_apply(cluster, roles, &record);
  CHECK(waits_for(plan, "etcd on c-2", "k8s-master on c-1"));
  CHECK(waits_for(plan, "etcd on c-3", "k8s-master on c-2"));
  CHECK_FALSE(find_cycle(plan));
  // Where none serves any more, nobody can wait for the others.
  plan = plan_apply(cluster, roles, &record, {Turns::none});
  CHECK_FALSE(waits_for(plan, "etcd on c-3", "k8s-master on c-2"));
  // The first ones of a cluster wait for nobody.
  plan = plan_apply(cluster, roles, nullptr);
  CHECK_FALSE(waits_for(plan, "k8s-master on c-2", "k8s-master on c-1"));
}
