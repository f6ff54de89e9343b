#include "provisioner/run/step_runner.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "inventory/networks.h"
#include "providers/create.h"
#include "provisioner/base/backoff.h"
#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/run/access.h"
#include "provisioner/run/context.h"
#include "provisioner/run/task_replies.h"
#include "provisioner/ssh/session.h"
#include "provisioner/tasks/compile.h"

namespace muster {

namespace {

constexpr int kScriptAttempts = 5;
constexpr int kCreateAttempts = 2;
constexpr std::chrono::milliseconds kCreatePause{1'000};
constexpr std::chrono::milliseconds kMostCreatePause{10'000};

/// Where a call of the provider may block: nowhere else a fiber may.
template <typename Call>
void call(Provider& provider, const Call& ask) {
  if (provider.gives_way()) {
    ask();
  } else {
    run_blocking(ask);
  }
}

void tell(const std::function<void(Event)>& emit, EventType type, std::string message) {
  Event event;
  event.type = type;
  event.message = std::move(message);
  emit(std::move(event));
}

/// "user@address, port 22".
std::string where(const Endpoint& endpoint) {
  if (endpoint.address.empty()) return "a machine that nobody knows any more";
  return endpoint.user + "@" + endpoint.address + ", port " + std::to_string(endpoint.port);
}

/// "roles site, base": of the node, the last applied first.
std::string roles_of(const NodeRecord& node) {
  std::vector<std::string> names;
  for (const auto& known : node.roles) names.insert(names.begin(), known.role);
  return (names.size() == 1 ? "role " : "roles ") + join(names, ", ");
}

StepResult failure(std::string message, Outcome outcome = Outcome::failed) {
  StepResult result;
  result.outcome = outcome;
  result.message = std::move(message);
  return result;
}

/// The handles of all machines that were made with the node's token, its own first; empty when
/// there are none. Of a node that was never whole there may be others than is on record: a list
/// that lacks it is a question, asked a few times; throws Error while the provider cannot say. One
/// that never says is taken at its list's word in the end.
std::vector<std::string> machines_of(Provider& provider, const NodeRecord& node,
                                     const std::string& tag, const Patience& patience,
                                     const std::stop_token& stop) {
  std::vector<std::string> handles;
  auto add = [&](const std::string& handle) {
    if (std::ranges::count(handles, handle) == 0) handles.push_back(handle);
  };
  const bool was_whole = !node.handle.empty() && !node.endpoint.address.empty();
  if (!node.handle.empty()) add(node.handle);
  if (was_whole && provider.picks_machines()) return handles;
  const KnownNode by_token{"", node.token, tag};
  auto pauses = patience.pauses();
  for (int attempt = 1;; ++attempt) {
    if (!was_whole) {
      for (const auto& machine : provider.list(tag)) {
        if (machine.damage.empty() && machine.token == node.token) add(machine.handle);
      }
    }
    // Its list may not show yet what was made besides.
    const auto note = provider.presence(by_token);
    std::ranges::for_each(note.handles, add);
    if (!handles.empty() || note.presence == Presence::gone) return handles;
    if (attempt < patience.tries && !stop.stop_requested()) {
      pauses.wait(stop);
      continue;
    }
    if (note.presence == Presence::untold && attempt >= patience.tries) return {};
    throw Error("the provider cannot say whether it has made the node" +
                (note.why.empty() ? "" : ": " + note.why))
        .hint("try again in a while: what it has made is found then");
  }
}

/// The machine is another state's: whose, the script has said last. Nothing of ours is on it.
StepResult of_others(const Step& step, const ScriptResult& ran,
                     const std::function<void(Event)>& emit) {
  const auto said = split(trim(ran.remote.error_output), '\n').back();
  if (step.verb != Verb::undo_role) {
    return failure("its machine is in use: " + said +
                   "\n  destroy that deployment first; if it is gone for good, remove the file");
  }
  tell(emit, EventType::note, "nothing is undone, for its machine is in use: " + said);
  StepResult result;
  result.outcome = Outcome::unchanged;
  return result;
}

}  // namespace

DeploymentRunner::DeploymentRunner(const World& world, const Cluster& cluster, NodeRecords& records,
                                   const DeploymentRecord& record, Mode mode, std::stop_token stop,
                                   std::shared_ptr<NodeLinks> links)
    : world_(world),
      cluster_(cluster),
      records_(records),
      before_(index_of(record)),
      deployment_(record.name),
      tenant_(record.tenant),
      mode_(mode),
      stop_(stop),
      tag_(deployment_tag(*world.store, record.name)),
      key_(tenant_key(*world.store, record.tenant)),
      links_(links ? std::move(links)
                   : std::make_shared<NodeLinks>(
                         login_options(world, record, std::move(stop), cluster.settings.patience))),
      vault_(deployment_vault(*world.store, record.name)),
      certificates_(record.certificates),
      pki_(*vault_, record.name, record.certificates) {
  links_->log_in_with(key_.private_key, cluster.settings.patience);
}

StepResult DeploymentRunner::run(const Step& step, const Emit& emit) {
  try {
    switch (step.verb) {
      case Verb::create_node:
        return create(step, emit);
      case Verb::destroy_node:
        return destroy(step, emit);
      case Verb::undo_role:
        return undo_role(step, emit);
      case Verb::apply_role:
      case Verb::verify_role:
        return run_role(step, emit);
    }
  } catch (const Error& error) {
    return failure(error.what());
  }
  bug("a step with no verb");
}

ProvidedNode DeploymentRunner::ask_provider(const NodeSpec& spec, const std::string& name,
                                            const Emit& emit) {
  auto& provider = world_.providers->get(name);
  Backoff backoff(kCreatePause, kMostCreatePause);
  for (int attempt = 1;; ++attempt) {
    try {
      auto made = make(provider, spec);
      wait_until_it_answers(made, spec.name);
      return made;
    } catch (const TemporaryError& error) {
      if (attempt == kCreateAttempts || stop_.stop_requested()) throw;
      tell(emit, EventType::warning, std::string("trying again: ") + error.what());
    }
    backoff.wait(stop_);
  }
}

/// What waits between is this fiber: a thousand machines that take a minute take a minute.
ProvidedNode DeploymentRunner::make(Provider& provider, const NodeSpec& spec) {
  auto made = create_whole(
      [&] {
        ProvidedNode answer;
        call(provider, [&] { answer = provider.create(spec); });
        // A machine that is known by its handle is never lost, whatever becomes of this run.
        const bool comes = !answer.complete || answer.boots_for.count() > 0;
        if (comes) run_blocking([&] { records_.is_coming(spec.name, answer.handle); });
        return answer;
      },
      stop_);
  if (made.complete) return made;
  throw Error("node '" + spec.name + "' is still being made (handle '" + made.handle + "')")
      .hint("the next apply goes on with it");
}

/// As far as it can be seen from here: behind a bastion only the login tells.
void DeploymentRunner::wait_until_it_answers(const ProvidedNode& made,
                                             const std::string& node) const {
  const auto& endpoint = made.endpoint;
  if (made.boots_for.count() == 0 || !endpoint.bastion.empty()) return;
  if (answers_ssh(endpoint.address, endpoint.port, made.boots_for, stop_)) return;
  if (stop_.stop_requested()) throw Error("node '" + node + "' still boots");
  TemporaryError error("node '" + node + "' (" + endpoint.address + ", port " +
                       std::to_string(endpoint.port) + ") does not answer on SSH after " +
                       format_duration(static_cast<double>(made.boots_for.count())));
  error.hint("look at its console; the next apply asks for it again");
  throw error;
}

StepResult DeploymentRunner::create(const Step& step, const Emit& emit) {
  const Node node = records_.node(step.node);
  NodeSpec spec;
  spec.name = node.name;
  spec.fqdn = node.fqdn;
  spec.deployment = deployment_;
  spec.tenant = tenant_;
  spec.tag = tag_;
  spec.hints = node.hints;
  spec.authorized_key = key_.public_key;
  const auto record = records_.of(step.node);
  spec.token = record.token;
  // What roles made there is not left behind for another machine.
  spec.stays = !record.roles.empty() && !world_.providers->get(node.provider).wipes();
  StepResult result;
  result.made = ask_provider(spec, node.provider, emit);
  auto& endpoint = result.made->endpoint;
  if (endpoint.cluster_address.empty()) endpoint.cluster_address = ip_address_of(endpoint.address);
  if (auto mistake = address_mistake(cluster_, node, endpoint); !mistake.empty()) {
    throw Error("'" + node.name + "' " + mistake);
  }
  if (!result.made->when_silent.empty()) reach(node.name, *result.made);
  result.outcome = Outcome::changed;
  result.message = result.made->endpoint.address;
  return result;
}

/// The connection is kept for the node's roles.
void DeploymentRunner::reach(const std::string& node, ProvidedNode& made) {
  auto& link = links_->anew(node, made.endpoint);
  try {
    link.reach();
    if (!made.endpoint.has_key()) made.endpoint.host_key = link.host_key();
  } catch (Error& error) {
    if (link.is_silent()) error.hint(made.when_silent);
    throw;
  }
}

StepResult DeploymentRunner::destroy(const Step& step, const Emit& emit) {
  const auto record = records_.of(step.node);
  const bool leaves_roles = !record.roles.empty() && !is_wiped(record);
  if (leaves_roles && !is_forgotten(step.node)) {
    return failure("what roles made on '" + step.node + "' was not undone: " + roles_of(record));
  }
  links_->forget(step.node);
  if (!record.token.empty()) {
    auto& provider = world_.providers->get(record.provider);
    call(provider, [&] {
      // A twin's token is that of the node that stays.
      const auto handles = record.twin_of().empty()
                               ? machines_of(provider, record, tag_, world_.patience, stop_)
                               : std::vector<std::string>{record.handle};
      for (const auto& handle : handles) {
        if (!records_.is_another_nodes(handle, record)) provider.destroy(handle);
      }
    });
  }
  if (leaves_roles) {
    tell(emit, EventType::warning,
         "'" + step.node + "' is forgotten and was not undone: what roles made stays on " +
             where(record.endpoint) + " (" + roles_of(record) + ")");
  }
  StepResult result;
  result.outcome = Outcome::changed;
  return result;
}

bool DeploymentRunner::is_wiped(const NodeRecord& node) const {
  const auto* provider = world_.providers->find(node.provider);
  return provider != nullptr && provider->wipes();
}

bool DeploymentRunner::is_forgotten(const std::string& node) const {
  return leavers_.count(node) > 0 && leaving_.forgotten.count(deployment_ + "/" + node) > 0;
}

/// A machine that stays is let go of when all on it was undone: a failure says what that takes.
StepResult DeploymentRunner::undo_role(const Step& step, const Emit& emit) {
  const auto record = records_.of(step.node);
  if (leavers_.count(step.node) == 0 || is_wiped(record)) return run_role(step, emit);
  const auto& endpoint = record.endpoint;
  // What its provider no longer has may be another node's by now.
  const bool known = !endpoint.address.empty() && record.state != NodeState::lost;
  const auto stays = "'" + step.node + "' stays in use until what roles made there is undone: ";
  try {
    if (!known) throw Error("nobody knows any more which machine '" + step.node + "' has");
    auto result = run_role(step, emit);
    if (succeeded(result.outcome)) return result;
    result.message +=
        (result.message.empty() ? "" : "\n  ") + stays + "mend it, and run this again";
    return result;
  } catch (Error& error) {
    const bool reachable = known && !links_->to(step.node, endpoint).is_out_of_reach();
    if (!reachable && is_forgotten(step.node)) {
      StepResult result;
      result.outcome = Outcome::unchanged;
      result.forgotten = true;
      result.message = std::string("not undone: ") + error.what();
      return result;
    }
    error.hint(stays + (reachable ? "mend it" : "bring it back") + ", and run this again");
    if (!reachable) {
      error.hint("if it is gone for good, run this again with --forget-unreachable " + deployment_ +
                 "/" + step.node);
    }
    throw;
  }
}

StepResult DeploymentRunner::run_role(const Step& step, const Emit& emit) {
  const Role* role = find_role(*world_.roles, step.role);
  Role unknown;
  if (role == nullptr) {
    auto gone = "there is no role '" + step.role + "' any more";
    if (step.verb != Verb::undo_role) return failure(gone);
    // The node knows what its tasks changed.
    tell(emit, EventType::note, gone + ": what its tasks changed is put back, and no more is done");
    unknown.name = step.role;
    role = &unknown;
  }
  const auto endpoint = records_.of(step.node).endpoint;
  auto& link = links_->to(step.node, endpoint);
  for (int attempt = 1;; ++attempt) {
    try {
      auto result = run_script(link, step, *role, emit);
      if (!endpoint.has_key()) result.host_key = link.host_key();
      // It answers: what could not be undone may be what the others would miss.
      result.holds = step.verb == Verb::undo_role && leaving_.drains && !succeeded(result.outcome);
      return result;
    } catch (const ConnectionLost& lost) {
      link.drop();
      if (attempt == kScriptAttempts) throw;
      tell(emit, EventType::note,
           std::string("the connection was lost; trying again: ") + lost.what());
    }
  }
}

Artifact DeploymentRunner::artifact_for(const std::string& name, const Facts& facts) {
  const auto& version = cluster_.settings.version;
  auto artifact = world_.artifacts->find(name, version, architecture(facts));
  if (!artifact) {
    throw Error("artifact '" + name + "' (" + version + ", " + architecture(facts) +
                ") is not in the cache")
        .hint("fetch it: " + fetch_command(version, architecture(facts)));
  }
  return *artifact;
}

std::map<std::string, bool> DeploymentRunner::available_artifacts(const std::string& architecture) {
  std::lock_guard lock(artifacts_mutex_);
  auto [found, fresh] = artifacts_.try_emplace(architecture);
  if (fresh) {
    for (const auto& listed : world_.artifacts->list(cluster_.settings.version, architecture)) {
      found->second[listed.name] = listed.cached;
    }
  }
  return found->second;
}

CompiledScript DeploymentRunner::compile_for(const Step& step, const Role& role, const Facts& facts,
                                             const std::string& nonce, Mode mode,
                                             const std::string& packages_sha256) {
  const Node node = records_.node(step.node);
  const auto endpoints = records_.endpoints();
  ContextInput input;
  input.cluster = &cluster_;
  input.node = &node;
  input.role = &role;
  if (leavers_.count(step.node) > 0 && former_) input.settings = former_(step.node, step.role);
  input.facts = facts;
  input.endpoints = endpoints.get();
  input.before = &before_;
  input.certificates = &certificates_;
  input.artifacts = available_artifacts(architecture(facts));
  input.drains = leaving_.drains;
  input.drain_seconds = leaving_.drain_seconds;
  input.force_drain = leaving_.force;
  nlohmann::json context;
  {
    std::lock_guard lock(pki_mutex_);
    context = make_context(input, pki_);
  }
  CompileInput compile_input;
  compile_input.role = &role;
  compile_input.tasks = step.verb == Verb::undo_role ? &role.undo : &role.tasks;
  compile_input.mode = mode;
  compile_input.packages_sha256 = packages_sha256;
  compile_input.context = &context;
  compile_input.nonce = nonce;
  compile_input.patience = cluster_.settings.patience;
  compile_input.load_template = [this](const std::string& name) {
    return load_template(world_.role_directories, name);
  };
  compile_input.artifact_sha256 = [&](const std::string& name) {
    return artifact_for(name, facts).sha256;
  };
  const auto* before = find_in(before_, step.node);
  compile_input.had_before = before != nullptr && before->find_role(step.role) != nullptr;
  if (!is_wiped(records_.of(step.node))) {
    compile_input.owner = world_.store->id() + " deployment '" + deployment_ + "' of " + who_runs();
  }
  return compile(compile_input);
}

std::chrono::seconds DeploymentRunner::deadline_of(const Role& role) const {
  return std::chrono::seconds(role.deadline_seconds) * cluster_.settings.patience;
}

StepResult DeploymentRunner::run_script(NodeLink& link, const Step& step, const Role& role,
                                        const Emit& emit) {
  const auto facts = link.facts();
  const auto nonce = random_hex(16);
  const Note note = [&](const std::string& line) { tell(emit, EventType::note, line); };
  const auto packages = bundled_packages(link, step, role, facts, note);
  const auto script = compile_for(step, role, facts, nonce, mode_, packages);
  if (step.verb == Verb::apply_role && mode_ == Mode::apply) {
    for (const auto& warning : script.warnings) tell(emit, EventType::warning, warning);
  }
  if (mode_ == Mode::apply) {
    for (const auto& needed : script.artifacts) {
      link.provide(artifact_for(needed.name, facts), note);
    }
  }
  TaskReplies replies(script, emit);
  auto deadline = deadline_of(role);
  if (step.verb == Verb::undo_role) deadline += std::chrono::seconds(leaving_.drain_seconds);
  auto ran =
      link.run(script, nonce, deadline, [&](const TaskReply& reply) { replies.take(reply); });
  if (!ran.ended && ran.remote.exit_code == kOthersExit) return of_others(step, ran, emit);
  return replies.result_of(ran, deadline);
}

}  // namespace muster
