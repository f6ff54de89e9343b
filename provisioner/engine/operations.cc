#include "provisioner/engine/operations.h"

#include <algorithm>
#include <set>
#include <utility>

#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/engine/lease.h"
#include "provisioner/engine/reconcile.h"
#include "provisioner/engine/store_journal.h"

namespace muster {

namespace {

void say(const World& world, const std::string& deployment, EventType type, std::string message) {
  Event event;
  event.type = type;
  event.time_ms = world.clock->wall_ms();
  event.deployment = deployment;
  event.message = std::move(message);
  world.reporter->on(event);
}

/// The artifacts that the roles of the plan install.
std::vector<std::string> artifacts_of(const World& world, const Plan& plan) {
  std::set<std::string> names;
  for (const auto& step : plan.steps) {
    const Role* role = find_role(*world.roles, step.role);
    if (role == nullptr || step.verb == Verb::undo_role) continue;
    for (const auto& task : role->tasks) {
      if (task.kind != "artifact" && task.kind != "image" && task.kind != "unpack") continue;
      if (const Value* name = task.args.find("name")) names.insert(name->text);
    }
  }
  return {names.begin(), names.end()};
}

void fetch_artifacts(const World& world, const Cluster& cluster, const Plan& plan) {
  auto note = [&](const std::string& line) { say(world, cluster.name, EventType::note, line); };
  auto left_out = world.artifacts->fetch(artifacts_of(world, plan), cluster.settings.version,
                                         machine_arch(), note);
  for (const auto& [name, reason] : left_out) {
    say(world, cluster.name, EventType::warning, "'" + name + "' was left out: " + reason);
  }
}

void prepare_providers(const World& world, const Cluster& cluster, const Plan& plan) {
  std::set<std::string> used;
  for (const auto& step : plan.steps) {
    const Node* node = cluster.find(step.node);
    if (step.verb == Verb::create_node && node != nullptr) used.insert(node->provider);
  }
  for (const auto& name : used) {
    world.providers->get(name).prepare(
        [&](const std::string& line) { say(world, cluster.name, EventType::note, line); });
  }
}

RunSummary execute(const World& world, const Plan& plan, const Cluster& cluster,
                   const DeploymentRecord& record, const RunOptions& options) {
  DeploymentRunner runner(world, cluster, record);
  StoreJournal journal(*world.store, *world.clock, record.name, options.command);
  ScheduleOptions schedule;
  schedule.parallel = options.parallel;
  auto summary =
      run_plan(plan, runner, journal, *world.reporter, *world.clock, schedule, options.stop);
  journal.finish(summary);
  return summary;
}

/// A role to be applied again counts as unfinished from now on: should the run be cut after a node
/// of the same name was made anew, nothing else tells its old members to look at it.
void mark_unfinished(const World& world, const Plan& plan, const DeploymentRecord& record) {
  for (const auto& step : plan.steps) {
    const auto* node = record.find(step.node);
    if (step.verb != Verb::apply_role || node == nullptr) continue;
    bool applied = std::any_of(node->roles.begin(), node->roles.end(),
                               [&](const RoleRecord& role) { return role.role == step.role; });
    if (applied) world.store->put_role(record.name, step.node, {step.role, ""});
  }
}

DeploymentRecord record_for(const DefinitionResult& input, const Cluster& cluster) {
  DeploymentRecord record;
  record.name = cluster.name;
  record.tenant = cluster.tenant;
  record.definition_file = input.diagnostics.file();
  record.definition_text = input.text;
  return record;
}

}  // namespace

Planned plan_definition(const World& world, const Definition& definition, Against against,
                        Diagnostics& diagnostics) {
  Planned planned;
  planned.cluster = expand(definition, *world.roles, diagnostics);
  planned.record = world.store->deployment(definition.name);
  if (planned.record) {
    if (planned.record->tenant != definition.tenant) {
      diagnostics.error(
          {},
          "deployment '" + definition.name + "' belongs to tenant '" + planned.record->tenant + "'",
          "choose another name, or destroy it first: muster destroy " + definition.name);
    }
    if (auto reason = reason_to_refuse(planned.cluster, *planned.record); !reason.empty()) {
      diagnostics.error({}, reason,
                        "keep one of them until the new ones have joined, or destroy the cluster: "
                        "muster destroy " +
                            definition.name);
    }
    keep_pod_cidrs(planned.cluster, *planned.record);
    if (against == Against::providers) ask_providers(world, *planned.record);
  }
  planned.plan =
      plan_apply(planned.cluster, *world.roles, planned.record ? &*planned.record : nullptr);
  if (auto cycle = find_cycle(planned.plan)) {
    diagnostics.error({}, "the roles wait for each other: " + *cycle);
  }
  return planned;
}

std::vector<std::string> provider_objections(const World& world, const Planned& planned) {
  std::set<std::string> objections;
  std::set<std::pair<std::string, std::string>> asked;
  for (const auto& step : planned.plan.steps) {
    const Node* node = planned.cluster.find(step.node);
    if (step.verb != Verb::create_node || node == nullptr) continue;
    if (!asked.insert({node->provider, node->hints}).second) continue;
    for (auto& objection : world.providers->get(node->provider).validate(node->hints)) {
      objections.insert(std::move(objection));
    }
  }
  return {objections.begin(), objections.end()};
}

RunSummary apply(const World& world, const ApplyRequest& request, const RunOptions& options) {
  const Definition& definition = request.input->definition;
  HeldLease lease(*world.store, definition.name, options.command);
  // Only what shows now: the caller has reported what the definition's own checks found.
  Diagnostics diagnostics(request.input->diagnostics.file(), request.input->text);
  auto planned = plan_definition(world, definition, Against::providers, diagnostics);
  if (diagnostics.has_errors()) throw Error(trim(diagnostics.render()), ExitCode::usage);
  if (request.exactly && plan_json(*request.exactly) != plan_json(planned.plan)) {
    throw Error("the saved plan no longer fits: the state or the definition has moved on",
                ExitCode::usage)
        .hint("plan again: muster plan " + request.input->diagnostics.file() + " --out FILE");
  }
  if (auto objections = provider_objections(world, planned); !objections.empty()) {
    Error error(objections.front());
    for (std::size_t i = 1; i < objections.size(); ++i) error.hint(objections[i]);
    throw error;
  }

  if (planned.plan.empty() && planned.record) {
    auto verify = plan_verify(planned.cluster, *world.roles, *planned.record);
    fetch_artifacts(world, planned.cluster, verify);
    return execute(world, verify, planned.cluster, *planned.record, options);
  }
  if (options.confirm && !options.confirm(planned.plan)) {
    RunSummary stopped;
    stopped.interrupted = true;
    return stopped;
  }
  auto record = record_for(*request.input, planned.cluster);
  if (!planned.record || planned.record->definition_text != record.definition_text) {
    world.store->begin_revision(record, options.command);
  }
  world.store->mark_applied(definition.name, false);
  prepare_providers(world, planned.cluster, planned.plan);
  fetch_artifacts(world, planned.cluster, planned.plan);
  if (planned.record) {
    record.nodes = planned.record->nodes;
    mark_unfinished(world, planned.plan, *planned.record);
  }
  auto summary = execute(world, planned.plan, planned.cluster, record, options);
  world.store->mark_applied(definition.name, summary.good());
  return summary;
}

RunSummary destroy(const World& world, const std::string& deployment, const RunOptions& options) {
  auto known = world.store->deployment(deployment);
  if (!known) return {};
  HeldLease lease(*world.store, deployment, options.command);
  auto record = world.store->deployment(deployment).value_or(*known);
  add_unknown_nodes(world, record);
  auto plan = plan_destroy(record, *world.roles);
  if (options.confirm && !options.confirm(plan)) {
    RunSummary stopped;
    stopped.interrupted = true;
    return stopped;
  }
  auto summary = execute(world, plan, Cluster{}, record, options);
  auto left = world.store->deployment(deployment);
  if (summary.good() && left && left->nodes.empty()) world.store->forget_deployment(deployment);
  return summary;
}

}  // namespace muster
