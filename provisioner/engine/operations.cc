#include "provisioner/engine/operations.h"

#include <set>
#include <utility>

#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/engine/lease.h"
#include "provisioner/engine/reconcile.h"
#include "provisioner/engine/revisions.h"
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
  DeploymentRunner runner(world, cluster, record, Mode::apply, options.stop);
  StoreJournal journal(*world.store, *world.clock, record.name, options.command);
  ScheduleOptions schedule;
  schedule.parallel = options.parallel;
  schedule.max_failures = options.max_failures;
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
    const auto* role = node->find_role(step.role);
    if (role == nullptr || !role->whole()) continue;
    world.store->put_role(record.name, step.node, {step.role, kInDoubt});
  }
}

/// Records what is wanted from now on. Returns what is there, under that definition.
DeploymentRecord begin(const World& world, const DefinitionResult& input, const Planned& planned,
                       std::optional<int> undo_to, const std::string& command) {
  DeploymentRecord record;
  record.name = planned.cluster.name;
  record.tenant = planned.cluster.tenant;
  record.definition_file = input.diagnostics.file();
  record.definition_text = input.text;
  record.undo_to = undo_to;
  if (planned.record) record.nodes = planned.record->nodes;
  if (!planned.record || planned.record->definition_text != record.definition_text) {
    world.store->begin_revision(record, command);  // not applied yet
    return record;
  }
  if (planned.record->undo_to != undo_to) world.store->mark_undo(record.name, undo_to);
  if (planned.record->applied) world.store->mark_applied(record.name, false);
  return record;
}

void refuse_objections(const World& world, const Planned& planned) {
  auto objections = provider_objections(world, planned);
  if (objections.empty()) return;
  Error error(objections.front());
  for (std::size_t i = 1; i < objections.size(); ++i) error.hint(objections[i]);
  throw error;
}

/// One apply under the lease.
struct Apply {
  const DefinitionResult* input = nullptr;
  const Plan* exactly = nullptr;  ///< may be null
  std::optional<int> undo_to;
};

Planned plan_of(const World& world, const Apply& apply) {
  // Only what shows now: the caller has reported what the definition's own checks found.
  const auto& file = apply.input->diagnostics.file();
  Diagnostics diagnostics(file, apply.input->text);
  auto planned = plan_definition(world, apply.input->definition, Against::providers, diagnostics);
  if (diagnostics.has_errors()) throw Error(trim(diagnostics.render()), ExitCode::usage);
  if (apply.exactly != nullptr && plan_json(*apply.exactly) != plan_json(planned.plan)) {
    throw Error("the saved plan no longer fits: the state or the definition has moved on",
                ExitCode::usage)
        .hint("plan again: muster plan " + file + " --out FILE");
  }
  refuse_objections(world, planned);
  return planned;
}

/// Nothing when the user declined.
std::optional<RunSummary> apply_held(const World& world, const Apply& apply,
                                     const RunOptions& options) {
  auto planned = plan_of(world, apply);
  bool verify = planned.plan.empty() && planned.record;
  if (verify) planned.plan = plan_verify(planned.cluster, *world.roles, *planned.record);
  if (!verify && options.confirm && !options.confirm(planned.plan)) return std::nullopt;
  prepare_providers(world, planned.cluster, planned.plan);
  fetch_artifacts(world, planned.cluster, planned.plan);
  auto record = begin(world, *apply.input, planned, apply.undo_to, options.command);
  mark_unfinished(world, planned.plan, record);
  auto summary = execute(world, planned.plan, planned.cluster, record, options);
  world.store->mark_applied(record.name, summary.good());
  return summary;
}

/// Nothing when the user declined.
std::optional<RunSummary> destroy_held(const World& world, DeploymentRecord record,
                                       const RunOptions& options) {
  add_unknown_nodes(world, record);
  auto plan = plan_destroy(record, *world.roles);
  if (options.confirm && !options.confirm(plan)) return std::nullopt;
  auto summary = execute(world, plan, Cluster{}, record, options);
  auto left = world.store->deployment(record.name);
  if (summary.good() && left && left->nodes.empty()) world.store->forget_deployment(record.name);
  return summary;
}

Result result_of(const std::optional<RunSummary>& run) {
  Result result;
  result.declined = !run;
  if (run) {
    result.run = *run;
  } else {
    result.run.interrupted = true;
  }
  return result;
}

/// What an atomic apply of `input` goes back to. Nothing when that is `input` itself.
std::optional<int> place_to_go_back_to(const World& world, const DefinitionResult& input) {
  const auto& name = input.definition.name;
  auto before = world.store->deployment(name);
  if (!before) return 0;
  int back_to = before->undo_to.value_or(before->revision);
  for (const auto& revision : world.store->revisions(name)) {
    if (revision.revision == back_to && revision.definition_text == input.text) return {};
  }
  return back_to;
}

Undone undo(const World& world, const std::string& name, int back_to, RunOptions options) {
  options.confirm = nullptr;
  options.max_failures = 0;                              // those were of what is being undone
  if (options.stop.stop_requested()) options.stop = {};  // that one has been heeded
  auto where = back_to == 0 ? "there was no '" + name + "' before"
                            : "back to revision " + std::to_string(back_to);
  say(world, name, EventType::note, "undoing: " + where);
  try {
    if (back_to == 0) {
      auto record = world.store->deployment(name);
      return {back_to, record ? destroy_held(world, *record, options).value() : RunSummary{}};
    }
    auto definition = recorded_definition(world, name, back_to);
    return {back_to, apply_held(world, {&definition, nullptr, back_to}, options).value()};
  } catch (Error& error) {
    throw error.while_doing("undoing what failed: " + where);
  }
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

Result apply(const World& world, const ApplyRequest& request, const RunOptions& options) {
  const auto& name = request.input->definition.name;
  HeldLease lease(*world.store, name, options.command);
  Apply held{request.input, request.exactly ? &*request.exactly : nullptr, {}};
  if (request.atomic) held.undo_to = place_to_go_back_to(world, *request.input);
  auto result = result_of(apply_held(world, held, options));
  if (!held.undo_to || result.declined || result.run.good()) return result;
  result.undone = undo(world, name, *held.undo_to, options);
  return result;
}

Result destroy(const World& world, const std::string& deployment, const RunOptions& options) {
  if (!world.store->deployment(deployment)) return {};
  HeldLease lease(*world.store, deployment, options.command);
  auto record = world.store->deployment(deployment);
  return record ? result_of(destroy_held(world, *record, options)) : Result{};
}

}  // namespace muster
