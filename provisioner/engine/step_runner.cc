#include "provisioner/engine/step_runner.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "provisioner/base/backoff.h"
#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/engine/context.h"
#include "provisioner/tasks/compile.h"

namespace muster {

namespace {

constexpr int kScriptAttempts = 5;
constexpr int kCreateAttempts = 2;
constexpr std::chrono::milliseconds kCreatePause{1'000};
constexpr std::chrono::milliseconds kMostCreatePause{10'000};

/// The store's secrets of one scope.
class StoreVault : public Vault {
 public:
  StoreVault(Store& store, std::string scope) : store_(store), scope_(std::move(scope)) {}
  std::optional<Secret> get(const std::string& key) override { return store_.secret(scope_, key); }
  void put(const std::string& key, const Secret& value) override {
    store_.put_secret(scope_, key, value);
  }

 private:
  Store& store_;
  std::string scope_;
};

SshOptions login_with(const SshKeyPair& key) {
  SshOptions options;
  options.private_key = key.private_key;
  return options;
}

std::string architecture(const Facts& facts) {
  auto found = facts.values.find("arch");
  return found == facts.values.end() ? "amd64" : found->second;
}

StepResult failure(std::string message, Outcome outcome = Outcome::failed) {
  StepResult result;
  result.outcome = outcome;
  result.message = std::move(message);
  return result;
}

}  // namespace

std::string deployment_tag(Store& store, const std::string& deployment) {
  return store.id() + "/" + deployment;
}

std::unique_ptr<Vault> deployment_vault(Store& store, const std::string& deployment) {
  return std::make_unique<StoreVault>(store, deployment_scope(deployment));
}

SshKeyPair tenant_key(Store& store, const std::string& tenant) {
  StoreVault vault(store, tenant_scope(tenant));
  auto private_key = vault.get("ssh");
  auto public_key = vault.get("ssh.pub");
  if (private_key && public_key) return {*private_key, public_key->reveal()};
  auto made = make_ssh_key("muster-" + tenant);
  vault.put("ssh", made.private_key);
  vault.put("ssh.pub", Secret(made.public_key));
  return made;
}

DeploymentRunner::DeploymentRunner(const World& world, Cluster cluster,
                                   const DeploymentRecord& record, Mode mode, std::stop_token stop)
    : world_(world),
      cluster_(std::move(cluster)),
      mode_(mode),
      stop_(stop),
      tag_(deployment_tag(*world.store, record.name)),
      key_(tenant_key(*world.store, record.tenant)),
      links_(login_with(key_), std::move(stop)),
      vault_(deployment_vault(*world.store, record.name)),
      pki_(*vault_, record.name) {
  cluster_.name = record.name;
  cluster_.tenant = record.tenant;
  for (const auto& node : record.nodes) nodes_[node.name] = node;
}

StepResult DeploymentRunner::run(const Step& step, const std::function<void(Event)>& emit) {
  try {
    switch (step.verb) {
      case Verb::create_node:
        return create(step, emit);
      case Verb::destroy_node:
        return destroy(step);
      case Verb::apply_role:
      case Verb::verify_role:
      case Verb::undo_role:
        return run_role(step, emit);
    }
  } catch (const Error& error) {
    return failure(error.what());
  }
  bug("a step with no verb");
}

NodeRecord DeploymentRunner::record_of(const std::string& node) {
  std::lock_guard lock(nodes_mutex_);
  auto found = nodes_.find(node);
  return found == nodes_.end() ? NodeRecord{} : found->second;
}

void DeploymentRunner::remember(const NodeRecord& node) {
  world_.store->put_node(cluster_.name, node);
  std::lock_guard lock(nodes_mutex_);
  nodes_[node.name] = node;
}

Node DeploymentRunner::node_of(const std::string& name) {
  if (const auto* node = cluster_.find(name)) return *node;
  // A node that leaves: what its undo tasks may render is on record.
  auto record = record_of(name);
  Node node;
  node.name = name;
  node.fqdn = name;
  node.pod_cidr = record.pod_cidr;
  node.roles = record.wanted_roles;
  return node;
}

ProvidedNode DeploymentRunner::create_at_provider(const NodeSpec& spec, const std::string& provider,
                                                  const std::function<void(Event)>& emit) {
  Backoff backoff(kCreatePause, kMostCreatePause);
  for (int attempt = 1;; ++attempt) {
    try {
      return world_.providers->get(provider).create(spec);
    } catch (const TemporaryError& error) {
      if (attempt == kCreateAttempts || stop_.stop_requested()) throw;
      Event event;
      event.type = EventType::warning;
      event.message = std::string("trying again: ") + error.what();
      emit(event);
    }
    backoff.wait(stop_);
  }
}

/// While the provider was making the node, another run may have taken the deployment over and have
/// destroyed it: then nobody else knows of this node.
void DeploymentRunner::give_back(const NodeRecord& node) {
  auto known = world_.store->deployment(cluster_.name);
  if (known && known->knows(node.token)) return;
  world_.providers->get(node.provider).destroy(node.handle);
}

StepResult DeploymentRunner::create(const Step& step, const std::function<void(Event)>& emit) {
  const Node node = node_of(step.node);
  NodeSpec spec;
  spec.name = node.name;
  spec.fqdn = node.fqdn;
  spec.deployment = cluster_.name;
  spec.tenant = cluster_.tenant;
  spec.tag = tag_;
  spec.hints = node.hints;
  spec.authorized_key = key_.public_key;

  NodeRecord record = record_of(step.node);
  // What its provider has given away may be another node's address by now.
  if (record.state == NodeState::lost) record.endpoint = {};
  record.name = node.name;
  record.provider = node.provider;
  record.pod_cidr = node.pod_cidr;
  record.wanted_roles = node.roles;
  record.state = NodeState::creating;
  if (record.token.empty()) record.token = random_hex(16);
  spec.token = record.token;
  remember(record);  // intent before effect

  auto made = create_at_provider(spec, node.provider, emit);
  record.handle = made.handle;
  record.endpoint = made.endpoint;
  record.state = NodeState::ready;
  try {
    remember(record);
  } catch (const Error&) {
    give_back(record);
    throw;
  }
  StepResult result;
  result.outcome = Outcome::changed;
  result.message = made.endpoint.address;
  return result;
}

StepResult DeploymentRunner::destroy(const Step& step) {
  NodeRecord record = record_of(step.node);
  links_.forget(step.node);
  if (!record.token.empty()) {
    record.state = NodeState::destroying;
    remember(record);
    auto& provider = world_.providers->get(record.provider);
    if (record.handle.empty()) {
      // The create was cut before its answer: only the provider knows whether there is a node.
      for (const auto& node : provider.list(tag_)) {
        if (node.token == record.token) record.handle = node.handle;
      }
    }
    if (!record.handle.empty()) provider.destroy(record.handle);
  }
  world_.store->forget_node(cluster_.name, step.node);
  std::lock_guard lock(nodes_mutex_);
  nodes_.erase(step.node);
  StepResult result;
  result.outcome = Outcome::changed;
  return result;
}

StepResult DeploymentRunner::run_role(const Step& step, const std::function<void(Event)>& emit) {
  const Role* role = find_role(*world_.roles, step.role);
  bool undo = step.verb == Verb::undo_role;
  if (role == nullptr && undo) return forget_role(step);
  if (role == nullptr) return failure("there is no role '" + step.role + "' any more");
  if (mode_ == Mode::apply && step.verb != Verb::verify_role) put_in_doubt(step);
  auto result = run_script(step, *role, undo ? role->undo : role->tasks, emit);
  if (!succeeded(result.outcome) || mode_ == Mode::check) return result;
  if (undo) {
    world_.store->forget_role(cluster_.name, step.node, step.role);
  } else {
    world_.store->put_role(cluster_.name, step.node, {step.role, step.fingerprint});
  }
  return result;
}

/// Intent before effect: from now on the node may have the role in part. An apply that has a record
/// was put in doubt before the run (see mark_unfinished).
void DeploymentRunner::put_in_doubt(const Step& step) {
  const auto record = record_of(step.node);
  const auto* known = record.find_role(step.role);
  if (known == nullptr) {
    world_.store->put_role(cluster_.name, step.node, {step.role, ""});
  } else if (known->whole() && step.verb == Verb::undo_role) {
    world_.store->put_role(cluster_.name, step.node, {step.role, kInDoubt});
  }
}

/// Nobody knows any more how to undo a role whose file is gone.
StepResult DeploymentRunner::forget_role(const Step& step) {
  world_.store->forget_role(cluster_.name, step.node, step.role);
  return failure("there is no role '" + step.role + "' any more: what it did was left as it is",
                 Outcome::unchanged);
}

Artifact DeploymentRunner::artifact_for(const std::string& name, const Facts& facts) {
  const auto& version = cluster_.settings.version;
  auto artifact = world_.artifacts->find(name, version, architecture(facts));
  if (!artifact) {
    throw Error("artifact '" + name + "' (" + version + ", " + architecture(facts) +
                ") is not in the cache")
        .hint("fetch it: muster artifacts fetch");
  }
  return *artifact;
}

CompiledScript DeploymentRunner::compile_for(const Step& step, const Role& role,
                                             const std::vector<Task>& tasks, const Facts& facts,
                                             const std::string& nonce) {
  const Node node = node_of(step.node);
  ContextInput input;
  input.cluster = &cluster_;
  input.node = &node;
  input.role = &role;
  input.facts = facts;
  {
    std::lock_guard lock(nodes_mutex_);
    for (const auto& [name, record] : nodes_) {
      // One that is off for now stays on the lists: it comes back with its address.
      if (!record.endpoint.address.empty()) input.endpoints[name] = record.endpoint;
    }
  }
  for (const auto& listed :
       world_.artifacts->list(cluster_.settings.version, architecture(facts))) {
    input.artifacts[listed.name] = listed.cached;
  }
  nlohmann::json context;
  {
    std::lock_guard lock(pki_mutex_);
    context = make_context(input, pki_);
  }
  CompileInput compile_input;
  compile_input.role = &role;
  compile_input.tasks = &tasks;
  compile_input.mode = mode_;
  compile_input.context = &context;
  compile_input.nonce = nonce;
  compile_input.load_template = [this](const std::string& name) {
    return load_template(world_.role_directories, name);
  };
  compile_input.artifact_sha256 = [&](const std::string& name) {
    return artifact_for(name, facts).sha256;
  };
  return compile(compile_input);
}

StepResult DeploymentRunner::run_script(const Step& step, const Role& role,
                                        const std::vector<Task>& tasks,
                                        const std::function<void(Event)>& emit) {
  auto& link = links_.to(step.node, record_of(step.node).endpoint);
  const std::chrono::seconds deadline(role.deadline_seconds);
  for (int attempt = 1;; ++attempt) {
    try {
      const auto facts = link.facts();
      const auto nonce = random_hex(16);
      const auto script = compile_for(step, role, tasks, facts, nonce);
      if (mode_ == Mode::apply) {
        for (const auto& needed : script.artifacts) {
          link.provide(artifact_for(needed.name, facts));
        }
      }

      StepResult result;
      result.outcome = Outcome::unchanged;
      int changed = 0;
      int answered = 0;
      auto name_of = [&](int index) {
        return index >= 0 && static_cast<std::size_t>(index) < script.task_names.size()
                   ? script.task_names[static_cast<std::size_t>(index)]
                   : std::string("task ") + std::to_string(index);
      };
      auto on_reply = [&](const TaskReply& reply) {
        Event event;
        event.type = EventType::task_finished;
        event.task = name_of(reply.index);
        event.ms = reply.ms;
        ++answered;
        if (reply.outcome == "failed") {
          event.outcome = Outcome::failed;
          event.exit_code = reply.exit_code;
          result.outcome = Outcome::failed;
          result.task = event.task;
          result.command = reply.command;
          result.exit_code = reply.exit_code;
          result.output = reply.output;
        } else if (reply.outcome == "changed") {
          event.outcome = Outcome::changed;
          event.message = trim(reply.output);
          ++changed;
        }
        emit(event);
      };
      auto ran = link.run(script, nonce, deadline, on_reply);
      if (result.outcome == Outcome::failed) return result;
      if (ran.remote.timed_out) {
        result.outcome = Outcome::timed_out;
        result.task = ran.running ? name_of(*ran.running) : "";
        result.message = "not done within " + std::to_string(role.deadline_seconds) + " s";
        return result;
      }
      if (!ran.ended) {
        result.outcome = Outcome::failed;
        result.task = ran.running ? name_of(*ran.running) : "";
        result.exit_code = ran.remote.exit_code;
        result.output = ran.remote.error_output + ran.noise;
        result.message = "the node's shell ended before the role did";
        return result;
      }
      if (changed > 0) result.outcome = Outcome::changed;
      result.message =
          std::to_string(changed) + " of " + std::to_string(answered) + " tasks changed";
      return result;
    } catch (const ConnectionLost& lost) {
      link.drop();
      if (attempt == kScriptAttempts) throw;
      Event event;
      event.type = EventType::note;
      event.message = std::string("the connection was lost; trying again: ") + lost.what();
      emit(event);
    }
  }
}

}  // namespace muster
