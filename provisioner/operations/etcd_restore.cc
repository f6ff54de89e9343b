#include "provisioner/operations/etcd_restore.h"

#include <algorithm>
#include <utility>

#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/operations/etcd_nodes.h"
#include "provisioner/operations/etcd_restore_runner.h"
#include "provisioner/operations/revisions.h"
#include "provisioner/pki/pki.h"
#include "provisioner/run/lease.h"
#include "provisioner/run/run_journal.h"

namespace muster {

namespace {

using Names = std::vector<std::string>;

bool has(const Names& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

/// The deployment, and what its nodes say, under the lease.
struct Situation {
  DeploymentRecord record;
  Cluster cluster;
  std::optional<SnapshotFile> file;
  EtcdLayout layout;
  std::vector<MemberState> states;
  std::map<std::string, std::string> silent;  ///< nodes, of all that matter: why

  Names answering(const Names& nodes) const {
    Names found;
    for (const auto& node : nodes) {
      if (silent.count(node) == 0) found.push_back(node);
    }
    return found;
  }
};

DeploymentRecord record_of(const World& world, const std::string& name) {
  if (auto record = world.store->deployment(name)) return *record;
  throw Error("there is no deployment '" + name + "' any more", ExitCode::usage)
      .hint("see: muster list");
}

void note(const RestoreOptions& options, const std::string& line) {
  if (options.on_note) options.on_note(line);
}

void check_origin(const World& world, const SnapshotFile& file, const RestoreRequest& request,
                  const RestoreOptions& options) {
  auto notes = read_notes(file);
  if (!notes) {
    note(options, "there is no '" + notes_file(file.path).string() +
                      "' of this snapshot, so nobody knows whose it is and whether its Secrets can "
                      "be read");
    return;
  }
  const auto& name = request.deployment;
  auto reason = reason_not_to_restore(*notes, name, encryption_key_id(*world.store, name));
  if (reason.empty()) return;
  if (!request.force) {
    throw Error("'" + file.path.string() + "' is not restored: " + reason, ExitCode::usage)
        .hint("to do it all the same, say --force");
  }
  note(options, reason);
}

void ask_others(const World& world, Situation& found, const std::stop_token& stop) {
  for (const auto& state : found.states) {
    if (!state.silent.empty()) found.silent[state.node] = state.silent;
  }
  Names others;
  for (const auto* nodes : {&found.layout.masters, &found.layout.kubelets}) {
    for (const auto& node : *nodes) {
      if (!has(found.layout.members, node) && !has(others, node)) others.push_back(node);
    }
  }
  for (auto& [node, answer] :
       ask_nodes(world, found.cluster, found.record, others, {"hello"}, stop)) {
    if (!answer.silent.empty()) found.silent[node] = answer.silent;
  }
}

/// Checks the file and looks at the nodes.
Situation look(const World& world, const RestoreRequest& request, std::optional<SnapshotFile> file,
               const RestoreOptions& options) {
  Situation found;
  found.file = std::move(file);
  found.record = record_of(world, request.deployment);
  found.cluster = cluster_to_leave(world, found.record);
  if (found.file) check_origin(world, *found.file, request, options);
  found.layout = etcd_layout(found.record);
  found.states = ask_members(world, found.cluster, found.record, options.stop);
  ask_others(world, found, options.stop);
  return found;
}

RestoreScope scope_of(const Situation& found) {
  RestoreScope scope;
  scope.deployment = found.record.name;
  scope.tenant = found.record.tenant;
  scope.masters = found.answering(found.layout.masters);
  scope.kubelets = found.answering(found.layout.kubelets);
  scope.from_file = found.file.has_value();
  return scope;
}

void tell_silent(const Situation& found, const RestoreOptions& options) {
  for (const auto& [node, why] : found.silent) {
    note(options, first_line(why));
    if (has(found.layout.kubelets, node)) {
      note(options, "when '" + node + "' is back, restart its kubelet: systemctl restart kubelet " +
                        "kube-proxy");
    }
  }
}

RestoreResult run(const World& world, const Situation& found, const RestoreScope& scope,
                  const RestoreOptions& options) {
  auto now = format_time(world.clock->wall_ms()).substr(0, 19);
  std::erase_if(now, [](char c) { return c == '-' || c == ':'; });
  const RestoreFacts facts{found.file, scope.deployment + "-" + random_hex(8),
                           "before-restore-" + now + "Z"};
  const auto plan = plan_restore(scope);
  RestoreRunner runner(world, found.cluster, found.record, scope, plan, facts, options.stop);
  EventJournal journal(*world.store, *world.clock, scope.deployment, options.command);
  RestoreResult result;
  result.run = run_plan(plan.plan, world.resources->fibers, runner, journal, *world.reporter,
                        *world.clock, {}, runner.stop());
  journal.finish(result.run);
  result.kept = runner.kept();
  if (result.run.good()) return result;
  for (const auto& state : ask_members(world, found.cluster, found.record, {})) {
    result.states.push_back(state.node + ": " + words(state));
  }
  return result;
}

RestoreResult declined() {
  RestoreResult result;
  result.declined = true;
  return result;
}

void refuse_silent(const Situation& found) {
  std::string silent;
  for (const auto* nodes : {&found.layout.members, &found.layout.masters}) {
    for (const auto& node : *nodes) {
      auto why = found.silent.find(node);
      auto line = why == found.silent.end() ? "" : "\n  " + first_line(why->second);
      if (silent.find(line) == std::string::npos) silent += line;
    }
  }
  if (silent.empty()) return;
  const auto& name = found.record.name;
  const bool quorum = std::ranges::any_of(found.states, &MemberState::healthy);
  Error error("a restore takes every etcd member and every master of '" + name +
              "', and these do not answer:" + silent);
  error.hint(quorum ? "bring them back, or replace them first: muster apply " +
                          found.record.definition_file
                    : "bring them back; if they are gone for good: muster recover " + name +
                          " --from " + found.file->path.string());
  throw error;
}

std::optional<SnapshotFile> checked(const RestoreRequest& request) {
  if (!request.file) return std::nullopt;
  return check_snapshot(*request.file, request.force);
}

/// The members that a recover begins with: one for a file, else all that have data.
Names candidates(const Situation& found) {
  Names names;
  for (const auto& state : found.states) {
    if (state.silent.empty() && (found.file || state.has_data)) names.push_back(state.node);
  }
  if (!found.file || names.size() < 2) return names;
  auto master = std::ranges::find_if(
      names, [&](const std::string& name) { return has(found.layout.masters, name); });
  return {master == names.end() ? names.front() : *master};
}

/// The next apply looks at all of them.
void mark_members(const World& world, const Situation& found, const RestoreScope& scope) {
  world.store->together([&] {
    for (const auto& node : found.layout.members) {
      if (scope.members == Names{node}) continue;
      world.store->put_role(found.record.name, node, {"etcd", kInDoubt});
    }
    world.store->mark_applied(found.record.name, false);
  });
}

std::string recover_question(const Situation& found, const RestoreScope& scope) {
  std::string others;
  for (const auto& node : found.layout.members) {
    if (has(scope.members, node)) continue;
    others += (others.empty() ? "" : ", ") + node;
  }
  auto what = found.file ? "what '" + found.file->path.string() + "' has"
                         : "what " + join(scope.members, " or ") + " has";
  return "make a new etcd of one member of " + what +
         (others.empty() ? "?" : ", and give up what " + others + " may have?");
}

/// With the lock held.
RestoreResult restore_held(const World& world, const RestoreRequest& request,
                           std::optional<SnapshotFile> file, const RestoreOptions& options) {
  auto found = look(world, request, std::move(file), options);
  refuse_silent(found);
  auto scope = scope_of(found);
  scope.members = found.layout.members;
  tell_silent(found, options);
  if (options.confirm && !options.confirm("replace all that the etcd of '" + request.deployment +
                                          "' has by '" + found.file->path.string() + "'?")) {
    return declined();
  }
  return run(world, found, scope, options);
}

/// With the lock held.
RestoreResult recover_held(const World& world, const RestoreRequest& request,
                           std::optional<SnapshotFile> file, const RestoreOptions& options) {
  auto found = look(world, request, std::move(file), options);
  const auto& name = request.deployment;
  if (auto reason = reason_not_to_recover(found.states); !reason.empty() && !request.force) {
    throw Error("'" + name + "' is not recovered: " + reason, ExitCode::usage)
        .hint("see it: muster etcd status " + name)
        .hint("what is stopped or gone comes back with: muster apply " +
              found.record.definition_file);
  }
  auto scope = scope_of(found);
  scope.members = candidates(found);
  if (scope.members.empty()) {
    Error error("no etcd member of '" + name + "' answers" + (found.file ? "" : " and has data"));
    for (const auto& [node, why] : found.silent) error.hint(first_line(why));
    throw error.hint("with a backup: make its machines anew (muster apply " +
                     found.record.definition_file + "), then: muster etcd restore " + name +
                     " --from FILE");
  }
  for (const auto& state : found.states) {
    if (state.silent.empty() && !has(scope.members, state.node)) {
      scope.leavers.push_back(state.node);
    }
  }
  tell_silent(found, options);
  if (options.confirm && !options.confirm(recover_question(found, scope))) return declined();
  mark_members(world, found, scope);
  return run(world, found, scope, options);
}

}  // namespace

RestoreResult restore_etcd(const World& world, const RestoreRequest& request,
                           RestoreOptions options) {
  auto file = checked(request);
  return with_lock(world.lock_place(), request.deployment, std::move(options),
                   [&](const RestoreOptions& held, const HeldLease&) {
                     return restore_held(world, request, std::move(file), held);
                   });
}

RestoreResult recover_etcd(const World& world, const RestoreRequest& request,
                           RestoreOptions options) {
  auto file = checked(request);
  return with_lock(world.lock_place(), request.deployment, std::move(options),
                   [&](const RestoreOptions& held, const HeldLease&) {
                     return recover_held(world, request, std::move(file), held);
                   });
}

}  // namespace muster
