#include "provisioner/engine/smoke_test.h"

#include <doctest/doctest.h>

using namespace muster;

TEST_CASE("smoke test: nodes are read out of what the case prints") {
  auto nodes = seen_nodes(
      "$ kubectl get nodes -o jsonpath={range}{\"|\"}{\"|\"}{\"|\"}{\"|\"}\n"
      "cp-1|True||node-role.kubernetes.io/master=NoSchedule,|KubeletReady: fine\n"
      "w-1|True|||KubeletReady: fine\n"
      "w-2|False||node.kubernetes.io/not-ready=NoExecute,|KubeletNotReady: no network\n"
      "w-3|True|true||KubeletReady: fine\n"
      "w-4|True||prefer=PreferNoSchedule,|KubeletReady: fine | with a bar\n"
      "=> not Ready: w-2\n");
  REQUIRE(nodes.size() == 5);
  CHECK(nodes[0].name == "cp-1");
  CHECK_FALSE(nodes[0].schedulable);  // tainted
  CHECK(nodes[1].schedulable);
  CHECK_FALSE(nodes[2].schedulable);  // not Ready
  CHECK_FALSE(nodes[3].schedulable);  // cordoned
  CHECK(nodes[4].schedulable);
}

TEST_CASE("smoke test: names that are none are passed over") {
  CHECK(seen_nodes("$(reboot)|True|||x\nA\"B|True|||x\n|True|||x\nw 1|True|||x\n").empty());
  CHECK(seen_nodes("").empty());
}
