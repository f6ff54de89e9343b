#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>

#include "provisioner/base/resources.h"
#include "provisioner/operations/expiry.h"
#include "provisioner/operations/operations.h"
#include "provisioner/operations/revisions.h"
#include "tests/support/folder.h"
#include "tests/support/runs.h"

/// apply and destroy on a real store, with a provider that has no real node.
namespace muster::testing {

enum class Fault { none, before, after };

/// Keeps nodes in memory, and fails as told, one word a call; then no more.
class FaultyProvider : public Provider {
 public:
  std::vector<std::string> validate(const std::string&) override { return {}; }
  void prepare(const std::vector<std::string>&,
               const std::function<void(const std::string&)>&) override {}

  ProvidedNode create(const NodeSpec& spec) override {
    at_create();
    fail_if(next_of(creates) == Fault::before, "no more machines: ask for a higher quota");
    bool late = last_ == Fault::after;
    auto& node = nodes[spec.token];
    Endpoint endpoint;
    endpoint.address = "192.0.2.1";
    if (at) endpoint = *at;
    if (auto note = notes.find(spec.name); note != notes.end()) endpoint = *note->second.own;
    stayed += spec.stays ? 1 : 0;
    // A machine that is there keeps its handle; one that is made anew has another.
    auto handle = node.handle.empty() ? "h-" + std::to_string(++made_) : node.handle;
    const bool comes = asks[spec.name]++ < asks_until_whole;
    node = {handle, spec.token, spec.name, !late && !comes, endpoint};
    node.boots_for = boots_for;
    std::map<std::string, int> of_name;
    for (const auto& [token, other] : nodes) twins = ++of_name[other.name] > 1 || twins;
    fail_if(late, "the machine did not answer in time");
    return node;
  }

  void destroy(const std::string& handle) override {
    fail_if(next_of(destroys) == Fault::before, "the provider is busy");
    std::erase_if(nodes, [&](const auto& node) { return node.second.handle == handle; });
    std::erase_if(twins_made, [&](const auto& node) { return node.handle == handle; });
    fail_if(last_ == Fault::after, "the provider did not answer in time");
  }

  std::vector<ProvidedNode> list(const std::string&) override {
    at_list();
    fail_if(next_of(lists) != Fault::none, "the provider cannot be asked");
    std::vector<ProvidedNode> all;
    for (const auto& [token, node] : nodes) {
      if (!hidden.contains(node.name)) all.push_back(node);
    }
    all.insert(all.end(), damaged.begin(), damaged.end());
    if (!hides_twins) all.insert(all.end(), twins_made.begin(), twins_made.end());
    return all;
  }

  bool wipes() const override { return wiping; }

  PresenceNote presence(const KnownNode& asked) override {
    if (word) return {*word, "it is asleep"};
    PresenceNote note{Presence::gone};
    auto look = [&](const ProvidedNode& node) {
      if (node.token != asked.token) return;
      note.handles.push_back(node.handle);
      if (asked.handle.empty() || node.handle == asked.handle) note.presence = Presence::there;
    };
    for (const auto& [token, node] : nodes) look(node);
    for (const auto& node : twins_made) look(node);
    return note;
  }

  bool picks_machines() const override { return !notes.empty(); }
  std::vector<MachineNote> describe(const std::vector<NodeSpec>& wanted) override {
    std::vector<MachineNote> found;
    for (const auto& spec : wanted) found.push_back(notes[spec.name]);
    std::erase_if(notes, [](const auto& note) { return !note.second.own; });
    return found;
  }

  /// Called when a node is asked for.
  std::function<void()> at_create = [] {};
  std::function<void()> at_list = [] {};
  std::deque<Fault> creates;
  std::deque<Fault> destroys;
  std::deque<Fault> lists;
  std::map<std::string, ProvidedNode> nodes;  ///< by token
  std::vector<ProvidedNode> damaged;          ///< listed besides
  std::set<std::string> hidden;               ///< names of nodes that are there and not listed
  std::map<std::string, MachineNote> notes;   ///< by the node's name: what describe says
  bool wiping = true;                         ///< what wipes says
  std::vector<ProvidedNode> twins_made;       ///< made with a token that is another node's: listed
  bool hides_twins = false;
  std::optional<Presence> word;       ///< what it says of any node; else what is so
  int asks_until_whole = 0;           ///< creates of each node that answer before it is whole
  std::map<std::string, int> asks;    ///< creates, by the node's name
  std::chrono::seconds boots_for{0};  ///< what create says
  std::optional<Endpoint> at;         ///< where all nodes answer
  int stayed = 0;                     ///< creates of nodes that have their machine
  bool twins = false;                 ///< there were two nodes of a name once

 private:
  Fault next_of(std::deque<Fault>& faults) {
    last_ = faults.empty() ? Fault::none : faults.front();
    if (!faults.empty()) faults.pop_front();
    return last_;
  }
  static void fail_if(bool fails, const char* why) {
    if (fails) throw Error(why);
  }

  Fault last_ = Fault::none;
  int made_ = 0;
};

inline const std::vector<Role>& built_in_roles() {
  static const auto roles = load_roles({});
  return roles;
}

/// apply and destroy with a store in a folder, and no real node. One step at a time, unless said
/// otherwise: the provider fails at the calls it is told.
class Trial {
 public:
  Trial() : artifacts_(folder_.path(), std::string(*find_resource("artifacts/catalog.yaml"))) {
    provider = &add_provider("local");
  }

  FaultyProvider& add_provider(const std::string& name) {
    auto made = std::make_unique<FaultyProvider>();
    auto& added = *made;
    put_provider(name, std::move(made));
    return added;
  }
  void put_provider(const std::string& name, std::unique_ptr<Provider> made) {
    registry_.put(name, std::move(made));
  }

  RunSummary apply(int workers = 1) { return apply_as(workers, false).run; }
  Result apply_atomic(int workers) { return apply_as(workers, true); }
  RunSummary destroy() { return muster::destroy(world(), "d", options()).run; }

  Result apply_as(int workers, bool atomic, std::optional<std::int64_t> expires_ms = {}) {
    auto input = definition(workers);
    auto how = options();
    how.expires_ms = expires_ms;
    return muster::apply(world(), {&input, {}, atomic}, how);
  }

  Swept destroy_expired() { return muster::destroy_expired(world(), "d", options()); }

  /// What `muster plan --json` would say.
  std::string plan_json(int workers) {
    auto input = definition(workers);
    auto planned = plan_definition(world(), input.definition, Against::record, input.diagnostics);
    return muster::plan_json(planned.plan);
  }

  Result roll_back(int revision) {
    auto input = recorded_definition(world(), "d", revision);
    return muster::apply(world(), {&input, {}, false}, options());
  }

  /// "name state" of each node on record.
  std::vector<std::string> record() const {
    std::vector<std::string> lines;
    for (const auto& node : store_->deployment("d").value_or(DeploymentRecord{}).nodes) {
      lines.push_back(node.name + (node.state == NodeState::ready ? " ready" : " unsure"));
    }
    return lines;
  }

  /// The provider has nothing that is not on record.
  bool all_known() const {
    auto record = store_->deployment("d").value_or(DeploymentRecord{});
    return std::ranges::all_of(provider->nodes,
                               [&](const auto& node) { return record.knows(node.first); });
  }

  World world() {
    World world;
    world.store = store_.get();
    world.providers = &registry_;
    world.artifacts = &artifacts_;
    world.roles = &built_in_roles();
    world.clock = &clock;
    world.reporter = &reporter;
    world.resources = &resources_;
    world.patience.pause = std::chrono::milliseconds(0);
    return world;
  }

  Store& store() { return *store_; }
  Heartbeat& heartbeat() { return resources_.heartbeat; }
  /// Of another process.
  std::unique_ptr<Store> other_store() { return open_store(folder_.path() / "state"); }

  ShiftedClock clock;
  int parallel = 1;
  FaultyProvider* provider;
  RecordingReporter reporter;
  std::stop_source stop;
  GivenUp given_up;
  /// Asked with the plan, before anything is changed.
  std::function<bool(const Plan&)> confirm;
  Leaving leaving;

 private:
  static DefinitionResult definition(int workers) {
    auto text = R"({"name": "d", "commit": false, "nodes": [
      {"prefix": "m", "roles": ["etcd", "k8s-master"]},
      {"prefix": "w", "roles": ["k8s-worker"], "count": )" +
                std::to_string(workers) + "}]}";
    auto input = parse_definition("d.json", text, {}, {built_in_roles(), {"local"}});
    REQUIRE(input.diagnostics.render() == "");
    return input;
  }

  RunOptions options() const {
    RunOptions options;
    options.parallel = parallel;
    options.command = "muster apply d.json";
    options.stop = stop.get_token();
    options.confirm = confirm;
    options.leaving = leaving;
    options.given_up = given_up;
    return options;
  }

  TestFolder folder_;
  std::unique_ptr<Store> store_ = open_store(folder_.path() / "state");
  ProviderRegistry registry_{{folder_.path()}};
  Artifacts artifacts_;
  RunResources resources_;
};

}  // namespace muster::testing
