#include "provisioner/operations/operations.h"

#include <algorithm>
#include <set>
#include <utility>

#include "inventory/index.h"
#include "provisioner/base/error.h"
#include "provisioner/base/process.h"
#include "provisioner/base/text.h"
#include "provisioner/operations/certificates.h"
#include "provisioner/operations/definition_secrets.h"
#include "provisioner/operations/former_settings.h"
#include "provisioner/operations/needs.h"
#include "provisioner/operations/objections.h"
#include "provisioner/operations/preflight.h"
#include "provisioner/operations/reconcile.h"
#include "provisioner/operations/revisions.h"
#include "provisioner/operations/tenants.h"
#include "provisioner/report/eta.h"
#include "provisioner/run/durations.h"
#include "provisioner/run/lease.h"
#include "provisioner/run/store_journal.h"

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

void prepare(const World& world, const Planned& planned, const std::stop_token& stop) {
  const InterruptScope interrupts(stop);
  std::lock_guard lock(world.resources->preparing);
  const auto& name = planned.cluster.name;
  auto left_out =
      get_needs(world, planned.cluster, needs_of(*world.roles, planned.cluster, planned.plan),
                [&](const std::string& line) { say(world, name, EventType::note, line); });
  for (const auto& [artifact, reason] : left_out) {
    say(world, name, EventType::warning, "'" + artifact + "' was left out: " + reason);
  }
}

std::set<std::string> leavers_of(const Plan& plan) {
  std::set<std::string> leavers;
  for (const auto& step : plan.steps) {
    if (step.verb == Verb::destroy_node) leavers.insert(step.node);
  }
  return leavers;
}

RunSummary execute(const World& world, Plan plan, const Cluster& cluster,
                   const DeploymentRecord& record, const RunOptions& options,
                   std::shared_ptr<NodeLinks> links = nullptr) {
  NodeRecords records(*world.store, cluster, record);
  FormerSettings former(world, record);
  DeploymentRunner runner(world, cluster, records, record, Mode::apply, options.stop,
                          std::move(links));
  runner.leave_as(options.leaving, leavers_of(plan),
                  [&](const auto& node, const auto& role) { return former.of(node, role); });
  auto give_back = [&](const NodeRecord& node) {
    auto known = world.store->deployment(record.name);
    if (known && known->knows(node.token)) return;
    world.providers->get(node.provider).destroy(node.handle);
  };
  StoreJournal journal(*world.store, *world.clock, records, record.name, options.command,
                       give_back);
  Durations durations(*world.store, cluster, record);
  durations.weigh(plan);
  LearningJournal learning(journal, durations);
  EtaReporter reporter(*world.reporter, plan, durations.expected_ms(plan), options.parallel);
  ScheduleOptions schedule;
  schedule.parallel = options.parallel;
  schedule.max_failures = options.max_failures;
  auto summary = run_plan(plan, world.resources->fibers, runner, learning, reporter, *world.clock,
                          schedule, options.stop);
  journal.finish(summary);
  durations.save();
  return summary;
}

/// A role to be applied again counts as unfinished from now on: should the run be cut after a node
/// of the same name was made anew, nothing else tells its old members to look at it.
void mark_unfinished(const World& world, const Plan& plan, const DeploymentRecord& record) {
  const auto nodes = index_of(record);
  world.store->together([&] {
    for (const auto& step : plan.steps) {
      const auto* node = find_in(nodes, step.node);
      if (step.verb != Verb::apply_role || node == nullptr) continue;
      const auto* role = node->find_role(step.role);
      if (role == nullptr || !role->whole()) continue;
      world.store->put_role(record.name, step.node, {step.role, kInDoubt});
    }
  });
}

void say_moved(const World& world, const Planned& planned, const std::vector<NodeRecord>& nodes) {
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!planned.moved[i].reached_otherwise) continue;
    const auto& to = nodes[i].endpoint;
    say(world, planned.cluster.name, EventType::note,
        "node '" + nodes[i].name + "' is reached from now on as the hosts file says: " + to.user +
            "@" + to.address + ", port " + std::to_string(to.port));
  }
}

/// Whether what is on record is `input`.
template <typename Record>
bool says(const Record& recorded, const DefinitionResult& input) {
  return same_definition(recorded.definition_text, recorded.definition_defaults, input.text,
                         input.definition.defaults);
}

/// Records what is wanted from now on. Returns what is there, under that definition.
DeploymentRecord begin(const World& world, const DefinitionResult& input, const Planned& planned,
                       std::optional<int> undo_to, const RunOptions& options) {
  DeploymentRecord record;
  record.name = planned.cluster.name;
  record.tenant = planned.cluster.tenant;
  record.definition_file = input.diagnostics.file();
  record.definition_text = input.text;
  record.definition_defaults = input.definition.defaults;
  record.wanted_nodes = static_cast<int>(planned.cluster.nodes.size());
  record.undo_to = undo_to;
  if (planned.record) record.nodes = planned.record->nodes;
  const auto followed = follow_machines(world, planned.cluster, record, planned.moved);
  if (planned.record) record.certificates = planned.record->certificates;
  auto& store = *world.store;
  store.together([&] {  // no node is ever there without its end
    if (!planned.record || !says(*planned.record, input)) {
      refuse_beyond_quota(world, planned);  // another deployment may have begun since the plan
      store.begin_revision(record, options.command);  // not applied yet
    } else {
      if (planned.record->definition_defaults != record.definition_defaults ||
          planned.record->wanted_nodes != record.wanted_nodes) {
        store.mark_definition(record);
      }
      if (planned.record->undo_to != undo_to) store.mark_undo(record.name, undo_to);
      if (planned.record->applied) store.mark_applied(record.name, false);
    }
    if (options.expires_ms) store.mark_expiry(record.name, *options.expires_ms);
    for (const auto& node : followed) store.put_node(record.name, node);
    if (record.certificates.generation > 0) {
      store.mark_certificates(record.name, record.certificates);
    }
  });
  keep_secrets(store, planned.cluster);
  say_moved(world, planned, followed);
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
  const Reorder* reorder = nullptr;  ///< may be null
};

Planned plan_of(const World& world, const Apply& apply, const RunOptions& options) {
  // Only what shows now: the caller has reported what the definition's own checks found.
  const auto& file = apply.input->diagnostics.file();
  Diagnostics diagnostics(file, apply.input->text);
  auto planned =
      plan_definition(world, apply.input->definition, Against::providers, diagnostics,
                      {apply.reorder != nullptr ? *apply.reorder : Reorder{}, options.given_up});
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
  auto planned = plan_of(world, apply, options);
  CheckedHosts checked(world, planned, options);
  if (options.stop.stop_requested()) return std::nullopt;
  if (options.confirm && !options.confirm(planned.plan)) return std::nullopt;
  for (auto& node : planned.cluster.nodes) {
    auto told = checked.architectures().find(node.name);
    if (told != checked.architectures().end()) node.architecture = told->second;
  }
  if (planned.plan.empty() && planned.record)
    planned.plan = plan_verify(planned.cluster, *world.roles, *planned.record);
  prepare(world, planned, options.stop);
  if (options.stop.stop_requested()) return std::nullopt;
  auto record = begin(world, *apply.input, planned, apply.undo_to, options);
  mark_unfinished(world, planned.plan, record);
  auto summary =
      execute(world, planned.plan, planned.cluster, record, options, checked.take_links());
  if (summary.good() && planned.cluster.commit) mark_certificates_done(*world.store, record);
  world.store->mark_applied(record.name, summary.good());
  return summary;
}

/// Nothing when the user declined.
std::optional<RunSummary> destroy_held(const World& world, DeploymentRecord record,
                                       RunOptions options) {
  options.leaving.drains = false;
  ask_machines_once_more(world, record);
  add_unknown_nodes(world, record);
  ask_what_is_wiped(*world.providers, record);
  auto plan = plan_destroy(record, *world.roles);
  if (options.confirm && !options.confirm(plan)) return std::nullopt;
  auto summary = execute(world, plan, cluster_to_leave(world, record), record, options);
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
    if (revision.revision == back_to && says(revision, input)) return {};
  }
  if (back_to == 0) return back_to;
  try {
    recorded_definition(world, name, back_to);  // a release that is only on record is no way back
  } catch (Error& error) {
    error.while_doing("looking for what an atomic apply would go back to");
    throw error.hint("make a snapshot first (muster etcd backup " + name +
                     " --to FILE), and leave '--atomic' out");
  }
  return back_to;
}

Undone undo(const World& world, const std::string& name, int back_to, RunOptions options) {
  options.confirm = nullptr;
  options.check_hosts = false;  // nothing may keep it from being undone
  options.max_failures = 0;     // those were of what is being undone
  auto where = back_to == 0 ? "there was no '" + name + "' before"
                            : "back to revision " + std::to_string(back_to);
  say(world, name, EventType::note, "undoing: " + where);
  try {
    if (back_to == 0) {
      auto record = world.store->deployment(name);
      return {back_to, record ? destroy_held(world, *record, options).value() : RunSummary{}};
    }
    auto definition = recorded_definition(world, name, back_to);
    RunSummary stopped;
    stopped.interrupted = true;
    return {back_to, apply_held(world, {&definition, nullptr, back_to}, options).value_or(stopped)};
  } catch (Error& error) {
    throw error.while_doing("undoing what failed: " + where);
  }
}

}  // namespace

Result apply(const World& world, const ApplyRequest& request, const RunOptions& options) {
  const auto& name = request.input->definition.name;
  return with_lock(
      world.lock_place(), name, options, [&](const RunOptions& held, HeldLease& lease) {
        Apply apply{
            request.input, request.exactly ? &*request.exactly : nullptr, {}, &request.reorder};
        if (request.atomic) apply.undo_to = place_to_go_back_to(world, *request.input);
        auto undoing = held;
        if (auto before = world.store->deployment(name); options.expires_ms && before) {
          undoing.expires_ms = before->expires_ms;
        }
        auto result = result_of(apply_held(world, apply, held));
        lease.check();
        if (!apply.undo_to || result.declined || result.run.good()) return result;
        // A Ctrl-C has been heeded by now.
        if (options.stop.stop_requested()) undoing.stop = lease.lost();
        result.undone = undo(world, name, *apply.undo_to, undoing);
        return result;
      });
}

Result destroy(const World& world, const std::string& deployment, const RunOptions& options) {
  if (!world.store->deployment(deployment)) return {};
  return with_lock(world.lock_place(), deployment, options,
                   [&](const RunOptions& held, const HeldLease&) {
                     auto record = world.store->deployment(deployment);
                     return record ? result_of(destroy_held(world, *record, held)) : Result{};
                   });
}

}  // namespace muster
