#include "provisioner/operations/etcd_restore_plan.h"

#include <utility>

#include "provisioner/base/error.h"

namespace muster {

namespace {

class RestoreBuilder {
 public:
  explicit RestoreBuilder(const RestoreScope& scope) {
    made_.plan.deployment = scope.deployment;
    made_.plan.tenant = scope.tenant;
  }

  /// `act` on all `nodes`, in the phase that is being made.
  RestoreBuilder& add(RestoreAct act, const std::vector<std::string>& nodes) {
    for (const auto& node : nodes) {
      Step step;
      step.id = static_cast<int>(made_.plan.steps.size());
      step.verb = Verb::apply_role;
      step.node = node;
      step.role = words(act);
      step.gates = waits_for_;
      phase_.push_back(step.id);
      made_.plan.steps.push_back(std::move(step));
      made_.acts.push_back(act);
    }
    return *this;
  }

  /// What follows waits for what was added since the last then(); when that need only end, also for
  /// what came before it.
  RestoreBuilder& then(Opens opens = Opens::all_well) {
    if (phase_.empty()) return *this;
    const auto& last = made_.plan.steps[index(phase_.front())];
    if (opens == Opens::all_well) waits_for_.clear();
    waits_for_.push_back(static_cast<int>(made_.plan.gates.size()));
    made_.plan.gates.push_back({last.role + " on every node", std::exchange(phase_, {}), opens});
    return *this;
  }

  RestorePlan take() { return std::move(made_); }

 private:
  RestorePlan made_;
  std::vector<int> phase_;
  std::vector<int> waits_for_;
};

}  // namespace

std::string words(RestoreAct act) {
  switch (act) {
    case RestoreAct::send:
      return "send snapshot";
    case RestoreAct::prepare:
      return "make data of snapshot";
    case RestoreAct::stop_control_plane:
      return "stop control plane";
    case RestoreAct::stop_etcd:
      return "stop etcd";
    case RestoreAct::look:
      return "look at data";
    case RestoreAct::swap:
      return "put data in place";
    case RestoreAct::leave:
      return "put old data aside";
    case RestoreAct::start_etcd:
      return "start etcd";
    case RestoreAct::start_api:
      return "start API server";
    case RestoreAct::restart_kubelet:
      return "restart kubelet";
    case RestoreAct::start_controllers:
      return "start controllers";
    case RestoreAct::restart_dns:
      return "restart cluster DNS";
    case RestoreAct::finish:
      return "clean up";
  }
  bug("an act of a restore without a name");
}

bool is_destructive(RestoreAct act) {
  return act != RestoreAct::send && act != RestoreAct::prepare;
}

RestorePlan plan_restore(const RestoreScope& scope) {
  RestoreBuilder plan(scope);
  if (scope.from_file) {
    plan.add(RestoreAct::send, scope.members).then();
    plan.add(RestoreAct::prepare, scope.members).then();
  }
  plan.add(RestoreAct::stop_control_plane, scope.masters).then();
  plan.add(RestoreAct::stop_etcd, scope.members).add(RestoreAct::stop_etcd, scope.leavers).then();
  if (!scope.from_file) plan.add(RestoreAct::look, scope.members).then();
  plan.add(RestoreAct::swap, scope.members).add(RestoreAct::leave, scope.leavers).then();
  plan.add(RestoreAct::start_etcd, scope.members).then();
  plan.add(RestoreAct::start_api, scope.masters).then();
  // A kubelet that starts calls pods not ready until it has asked them: no controller is to see
  // that, of all nodes at once, and take them out of their Services.
  plan.add(RestoreAct::restart_kubelet, scope.kubelets).then(Opens::ended);
  plan.add(RestoreAct::start_controllers, scope.masters).then();
  plan.add(RestoreAct::finish, scope.members).add(RestoreAct::finish, scope.leavers).then();
  if (!scope.masters.empty()) plan.add(RestoreAct::restart_dns, {scope.masters.front()});
  return plan.take();
}

}  // namespace muster
