#include "provisioner/operations/etcd_restore_plan.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "provisioner/plan/graph.h"

using namespace muster;

namespace {

using Lines = std::vector<std::string>;

Lines lines_of(const RestorePlan& made) {
  Lines lines;
  for (const auto& step : made.plan.steps) lines.push_back(step.title());
  return lines;
}

/// Whether every step of `first` has ended before any of `second` begins.
bool in_order(const RestorePlan& made, RestoreAct first, RestoreAct second) {
  auto waits = [&](auto& self, const Step& step, int for_step) -> bool {
    return std::ranges::any_of(step.gates, [&](int gate) {
      return std::ranges::any_of(made.plan.gates[index(gate)].steps, [&](int id) {
        return id == for_step || self(self, made.plan.steps[index(id)], for_step);
      });
    });
  };
  for (const auto& later : made.plan.steps) {
    if (made.acts[index(later.id)] != second) continue;
    for (const auto& earlier : made.plan.steps) {
      if (made.acts[index(earlier.id)] == first && !waits(waits, later, earlier.id)) return false;
    }
  }
  return true;
}

}  // namespace

TEST_CASE("restore plan: a snapshot is everywhere and made ready before anything is stopped") {
  auto made = plan_restore({"c", "t", {"a", "b"}, {}, {"a"}, {"a", "w"}, true});
  CHECK(lines_of(made) ==
        Lines{"send snapshot on a", "send snapshot on b", "make data of snapshot on a",
              "make data of snapshot on b", "stop control plane on a", "stop etcd on a",
              "stop etcd on b", "put data in place on a", "put data in place on b",
              "start etcd on a", "start etcd on b", "start API server on a", "restart kubelet on a",
              "restart kubelet on w", "start controllers on a", "clean up on a", "clean up on b",
              "restart cluster DNS on a"});
  CHECK(in_order(made, RestoreAct::prepare, RestoreAct::stop_control_plane));
  CHECK(in_order(made, RestoreAct::stop_control_plane, RestoreAct::stop_etcd));
  CHECK(in_order(made, RestoreAct::stop_etcd, RestoreAct::swap));
  CHECK(in_order(made, RestoreAct::swap, RestoreAct::start_etcd));
  CHECK(in_order(made, RestoreAct::start_etcd, RestoreAct::start_api));
  CHECK(in_order(made, RestoreAct::start_api, RestoreAct::restart_kubelet));
  CHECK(in_order(made, RestoreAct::restart_kubelet, RestoreAct::start_controllers));
  CHECK_FALSE(find_cycle(made.plan));
}

TEST_CASE("restore plan: a kubelet that does not restart holds nobody up, an API that fails does") {
  auto made = plan_restore({"c", "t", {"a"}, {}, {"a"}, {"w"}, true});
  for (const auto& step : made.plan.steps) {
    if (made.acts[index(step.id)] != RestoreAct::start_controllers) continue;
    REQUIRE(step.gates.size() == 2);
    const auto& api = made.plan.gates[index(step.gates[0])];
    const auto& kubelets = made.plan.gates[index(step.gates[1])];
    CHECK((made.acts[index(api.steps.front())] == RestoreAct::start_api &&
           api.opens == Opens::all_well));
    CHECK((made.acts[index(kubelets.steps.front())] == RestoreAct::restart_kubelet &&
           kubelets.opens == Opens::ended));
  }
}

TEST_CASE("restore plan: a recover of a file leaves the other members out") {
  auto made = plan_restore({"c", "t", {"a"}, {"b"}, {}, {}, true});
  CHECK(lines_of(made) == Lines{"send snapshot on a", "make data of snapshot on a",
                                "stop etcd on a", "stop etcd on b", "put data in place on a",
                                "put old data aside on b", "start etcd on a", "clean up on a",
                                "clean up on b"});
}

TEST_CASE("restore plan: without a file all are stopped and looked at before one is chosen") {
  auto made = plan_restore({"c", "t", {"a", "b"}, {}, {"a"}, {}, false});
  CHECK(lines_of(made) == Lines{"stop control plane on a", "stop etcd on a", "stop etcd on b",
                                "look at data on a", "look at data on b", "put data in place on a",
                                "put data in place on b", "start etcd on a", "start etcd on b",
                                "start API server on a", "start controllers on a", "clean up on a",
                                "clean up on b", "restart cluster DNS on a"});
  CHECK(in_order(made, RestoreAct::stop_etcd, RestoreAct::look));
  CHECK(in_order(made, RestoreAct::look, RestoreAct::swap));
}

TEST_CASE("restore plan: it can be stopped until something is stopped") {
  CHECK_FALSE(is_destructive(RestoreAct::send));
  CHECK_FALSE(is_destructive(RestoreAct::prepare));
  CHECK(is_destructive(RestoreAct::stop_control_plane));
  CHECK(is_destructive(RestoreAct::swap));
}
