// What apply and destroy make of a provider that fails, before it did what it was asked or after.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <deque>
#include <map>

#include "provisioner/base/resources.h"
#include "provisioner/engine/operations.h"
#include "tests/support/folder.h"
#include "tests/support/runs.h"

using namespace muster;
using namespace muster::testing;

namespace {

enum class Fault { none, before, after };

/// Keeps nodes in memory, and fails as told, one word a call; then no more.
class FaultyProvider : public Provider {
 public:
  std::vector<std::string> validate(const std::string&) override { return {}; }
  void prepare(const std::function<void(const std::string&)>&) override {}

  ProvidedNode create(const NodeSpec& spec) override {
    fail_if(next_of(creates) == Fault::before, "no more machines: ask for a higher quota");
    bool late = last_ == Fault::after;
    auto& node = nodes[spec.token];
    node = {"h-" + spec.token, spec.token, spec.name, !late, {"192.0.2.1", 22, "root", ""}};
    std::map<std::string, int> of_name;
    for (const auto& [token, other] : nodes) twins = ++of_name[other.name] > 1 || twins;
    fail_if(late, "the machine did not answer in time");
    return node;
  }

  void destroy(const std::string& handle) override {
    fail_if(next_of(destroys) == Fault::before, "the provider is busy");
    std::erase_if(nodes, [&](const auto& node) { return node.second.handle == handle; });
    fail_if(last_ == Fault::after, "the provider did not answer in time");
  }

  std::vector<ProvidedNode> list(const std::string&) override {
    fail_if(next_of(lists) != Fault::none, "the provider cannot be asked");
    std::vector<ProvidedNode> all;
    for (const auto& [token, node] : nodes) all.push_back(node);
    return all;
  }

  std::deque<Fault> creates;
  std::deque<Fault> destroys;
  std::deque<Fault> lists;
  std::map<std::string, ProvidedNode> nodes;  ///< by token
  bool twins = false;                         ///< there were two nodes of a name once

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
};

const std::vector<Role>& roles() {
  static const auto roles = load_roles({});
  return roles;
}

/// apply and destroy with a store in a folder, and no real node. One step at a time: the provider
/// fails at the calls it is told.
class Trial {
 public:
  Trial() : artifacts_(folder_.path(), std::string(*find_resource("artifacts/catalog.yaml"))) {
    auto made = std::make_unique<FaultyProvider>();
    provider = made.get();
    registry_.put("local", std::move(made));
  }

  RunSummary apply(int workers = 1) {
    auto text = R"({"name": "d", "commit": false, "nodes": [
      {"prefix": "m", "roles": ["etcd", "k8s-master"]},
      {"prefix": "w", "roles": ["k8s-worker"], "count": )" +
                std::to_string(workers) + "}]}";
    auto input = parse_definition("d.json", text, {}, {roles(), {"local"}});
    REQUIRE(input.diagnostics.render() == "");
    return muster::apply(world(), {&input, {}}, options()).run;
  }

  RunSummary destroy() { return muster::destroy(world(), "d", options()).run; }

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
    return std::ranges::all_of(provider->nodes, [&](const auto& node) {
      return std::ranges::find(record.nodes, node.first, &NodeRecord::token) != record.nodes.end();
    });
  }

  FaultyProvider* provider;
  RecordingReporter reporter;

 private:
  World world() {
    World world;
    world.store = store_.get();
    world.providers = &registry_;
    world.artifacts = &artifacts_;
    world.roles = &roles();
    world.clock = &clock_;
    world.reporter = &reporter;
    return world;
  }

  static RunOptions options() {
    RunOptions options;
    options.parallel = 1;
    return options;
  }

  TestFolder folder_;
  RealClock clock_;
  std::unique_ptr<Store> store_ = open_store(folder_.path() / "state");
  ProviderRegistry registry_{{folder_.path()}};
  Artifacts artifacts_;
};

std::string message_of(const Trial& trial) {
  for (const auto& event : trial.reporter.of(EventType::step_finished)) {
    if (event.outcome == Outcome::failed) return event.step + ": " + event.message;
  }
  return "";
}

}  // namespace

TEST_CASE("apply: a create that fails before it made anything is tried again by the next") {
  Trial trial;
  trial.provider->creates = {Fault::before};
  auto summary = trial.apply();
  CHECK(summary.failed == 1);
  CHECK(summary.changed == 1);
  CHECK(message_of(trial) == "create m-001: no more machines: ask for a higher quota");
  CHECK(trial.record() == std::vector<std::string>{"m-001 unsure", "w-001 ready"});
  CHECK(trial.provider->nodes.size() == 1);
  CHECK(trial.apply().good());
  CHECK(trial.record() == std::vector<std::string>{"m-001 ready", "w-001 ready"});
  CHECK(trial.provider->nodes.size() == 2);
}

TEST_CASE("apply: a create that fails after it made the node is finished by the next") {
  Trial trial;
  trial.provider->creates = {Fault::after};
  CHECK(trial.apply().failed == 1);
  CHECK(message_of(trial) == "create m-001: the machine did not answer in time");
  CHECK(trial.provider->nodes.size() == 2);
  CHECK(trial.all_known());
  auto token = trial.provider->nodes.begin()->first;
  CHECK(trial.apply().good());
  CHECK(trial.provider->nodes.size() == 2);
  CHECK(trial.provider->nodes.count(token) == 1);
  CHECK_FALSE(trial.provider->twins);
}

TEST_CASE("destroy: takes a node away whose create failed after it made the node") {
  Trial trial;
  trial.provider->creates = {Fault::after, Fault::after};
  CHECK(trial.apply().failed == 2);
  CHECK(trial.provider->nodes.size() == 2);
  CHECK(trial.destroy().good());
  CHECK(trial.provider->nodes.empty());
  CHECK(trial.record().empty());
}

TEST_CASE("destroy: goes on where the provider failed before or after it deleted") {
  for (auto fault : {Fault::before, Fault::after}) {
    Trial trial;
    CHECK(trial.apply().good());
    trial.provider->destroys = {fault};
    auto summary = trial.destroy();
    CHECK(summary.failed == 1);
    CHECK(summary.changed == 1);
    CHECK(trial.record() == std::vector<std::string>{"w-001 unsure"});
    CHECK(trial.destroy().good());
    CHECK(trial.provider->nodes.empty());
    CHECK(trial.record().empty());
  }
}

TEST_CASE("apply and destroy: change nothing when the provider cannot say what it has") {
  Trial trial;
  CHECK(trial.apply().good());
  trial.provider->lists = {Fault::before, Fault::before};
  CHECK_THROWS_WITH(trial.apply(2), "the provider cannot be asked");
  CHECK_THROWS_WITH(trial.destroy(), "the provider cannot be asked");
  CHECK(trial.record() == std::vector<std::string>{"m-001 ready", "w-001 ready"});
  CHECK(trial.provider->nodes.size() == 2);
}

TEST_CASE("apply and destroy: whatever fails, nothing is lost, made twice or left") {
  CHECK(rc::check([] {
    Trial trial;
    auto few = [](int end) {
      return *rc::gen::resize(6, rc::gen::container<std::vector<int>>(rc::gen::inRange(0, end)));
    };
    auto faults = [&] {
      std::deque<Fault> faults;
      for (int n : few(4)) faults.push_back(static_cast<Fault>(n % 3));
      return faults;
    };
    for (int workers : few(4)) {
      trial.provider->creates = faults();
      trial.provider->destroys = faults();
      trial.provider->lists = faults();
      try {
        workers == 0 ? trial.destroy() : trial.apply(workers);
      } catch (const Error&) {
        // The provider could not be asked.
      }
      RC_ASSERT(trial.all_known());
    }
    trial.provider->creates = trial.provider->destroys = trial.provider->lists = {};
    // Without commit no node is removed, so the most that there were.
    RC_ASSERT(trial.apply(3).good());
    RC_ASSERT(trial.provider->nodes.size() == 4u);
    RC_ASSERT(trial.destroy().good());
    RC_ASSERT(trial.provider->nodes.empty());
    RC_ASSERT(!trial.provider->twins);
  }));
}
