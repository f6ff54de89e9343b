// The conformance suite against providers in memory: a good one, and ones with one fault each. What
// takes processes (death, slow) is in tests/integration/exec_provider.sh.
#include "providers/conformance/suite.h"

#include <doctest/doctest.h>

#include <map>
#include <mutex>
#include <nlohmann/json.hpp>

#include "providers/inventory/inventory.h"
#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/text.h"
#include "tests/support/folder.h"

using namespace muster;

namespace {

/// What a provider does wrong.
enum class Flaw {
  none,
  forgets_tokens,
  hides_last,
  shows_all,
  shows_twice,
  other_handle,
  destroys_once,
  destroys_more,
  keeps_all,
  any_hint,
  no_quota,
  same_address,
  no_handle,
  throws_text,
  says_gone,
  never_gone,
  no_word
};

class MemoryProvider : public Provider {
 public:
  explicit MemoryProvider(Flaw flaw = Flaw::none, std::size_t quota = 8)
      : flaw_(flaw), quota_(quota) {}

  std::vector<std::string> validate(const std::string& hints) override {
    auto object = nlohmann::json::parse(hints, nullptr, false);
    if (!object.is_object()) return {"the hints are no object"};
    if (object.empty() || flaw_ == Flaw::any_hint) return {};
    return {"there is no hint '" + object.begin().key() + "'"};
  }
  void prepare(const std::vector<std::string>&,
               const std::function<void(const std::string&)>&) override {
    ++prepared;
  }
  ProvidedNode create(const NodeSpec& spec) override {
    std::lock_guard lock(mutex_);
    if (flaw_ == Flaw::throws_text) throw std::runtime_error("stoi");
    if (auto mistakes = validate(spec.hints); !mistakes.empty()) throw Error(mistakes.front());
    for (const auto& [handle, node] : nodes) {
      if (node.first.token == spec.token && flaw_ != Flaw::forgets_tokens) return node.first;
    }
    if (nodes.size() == quota_ && flaw_ != Flaw::no_quota) throw Error("no more machines");
    ProvidedNode node;
    node.handle = "h-" + std::to_string(++count_);
    node.token = spec.token;
    node.name = spec.name;
    node.complete = true;
    node.when_silent = "nobody asked it";
    node.endpoint.address = "m-" + std::to_string(flaw_ == Flaw::same_address ? 1 : count_);
    nodes[node.handle] = {node, spec.tag};
    if (flaw_ == Flaw::no_handle) node.handle.clear();
    return node;
  }
  void destroy(const std::string& handle) override {
    std::lock_guard lock(mutex_);
    if (flaw_ == Flaw::keeps_all && !nodes.empty()) return;
    if (flaw_ == Flaw::destroys_more && nodes.contains(handle)) return nodes.clear();
    if (nodes.erase(handle) == 0 && flaw_ == Flaw::destroys_once) throw Error("there is none");
  }
  std::vector<ProvidedNode> list(const std::string& tag) override {
    std::lock_guard lock(mutex_);
    std::vector<ProvidedNode> found;
    for (const auto& [handle, node] : nodes) {
      if (node.second != tag && flaw_ != Flaw::shows_all) continue;
      found.push_back(node.first);
      if (flaw_ == Flaw::other_handle) found.back().handle += "-x";
    }
    if (flaw_ == Flaw::hides_last && !found.empty()) found.pop_back();
    if (flaw_ == Flaw::shows_twice && !found.empty()) found.push_back(found.front());
    return found;
  }

  PresenceNote presence(const KnownNode& asked) override {
    std::lock_guard lock(mutex_);
    if (flaw_ == Flaw::no_word) return {};
    if (flaw_ == Flaw::says_gone) return {Presence::gone};
    PresenceNote note{flaw_ == Flaw::never_gone ? Presence::there : Presence::gone};
    for (const auto& [handle, node] : nodes) {
      if (node.first.token != asked.token) continue;
      note.presence = Presence::there;
      note.handles.push_back(handle);
    }
    return note;
  }

  std::map<std::string, std::pair<ProvidedNode, std::string>> nodes;  ///< by handle, with the tag
  int prepared = 0;

 private:
  Flaw flaw_;
  std::size_t quota_;
  std::mutex mutex_;
  int count_ = 0;
};

/// The suite without the cases that make other processes.
struct Suite {
  explicit Suite(Provider& provider) {
    input.provider = &provider;
    input.tag = "state/provider.test.x";
    input.creates = 8;
    input.quota = 8;
    input.note = [this](const std::string& line) { notes.push_back(line); };
    for (const auto& name : conformance_cases()) {
      if (name != "death" && name != "slow") input.only.push_back(name);
    }
  }
  /// "list: why" of each that failed.
  std::vector<std::string> failures() {
    std::vector<std::string> failed;
    for (const auto& result : test_provider(input)) {
      if (result.outcome == CaseOutcome::failed) failed.push_back(result.name + ": " + result.why);
    }
    return failed;
  }

  ConformanceInput input;
  std::vector<std::string> notes;
};

/// Of the case `name`, when the provider has this flaw; empty when it is not caught there.
std::string caught(Flaw flaw, const std::string& name) {
  MemoryProvider provider(flaw);
  Suite suite(provider);
  suite.input.only = {name};
  auto failures = suite.failures();
  return failures.empty() ? "" : failures.front().substr(name.size() + 2);
}

}  // namespace

TEST_CASE("conformance: a good provider passes every case, and nothing is left") {
  MemoryProvider provider;
  Suite suite(provider);
  auto results = test_provider(suite.input);
  CHECK(results.size() == conformance_cases().size() - 2);
  for (const auto& result : results) {
    CAPTURE(result.name);
    CAPTURE(result.why);
    CHECK((result.outcome == CaseOutcome::passed || result.name == "reach"));
  }
  CHECK(provider.nodes.empty());
  CHECK(provider.prepared == 1);
  CHECK(suite.notes.empty());
}

TEST_CASE("conformance: each flaw is caught by the case of its name") {
  CHECK(caught(Flaw::forgets_tokens, "idempotent") ==
        "a second create with the same token made another node: 'h-1', then 'h-2'");
  CHECK(caught(Flaw::hides_last, "list").starts_with("list does not show node 'test-2'"));
  CHECK(caught(Flaw::shows_all, "list").find("not made with this tag") != std::string::npos);
  CHECK(caught(Flaw::shows_twice, "list") == "list shows node 'test-1' (handle 'h-1') 2 times");
  CHECK(caught(Flaw::other_handle, "list")
            .starts_with("create made node 'test-1' (handle 'h-1'), list shows it as 'test-1' "
                         "(handle 'h-1-x')"));
  CHECK(caught(Flaw::destroys_once, "destroy") ==
        "destroying twice is no error for muster, and it was one: there is none");
  CHECK(caught(Flaw::destroys_more, "destroy").starts_with("list does not show node 'test-2'"));
  CHECK(caught(Flaw::keeps_all, "destroy").find("or is destroyed") != std::string::npos);
  CHECK(caught(Flaw::any_hint, "garbage") == "it takes a hint that there is not for a good one");
  CHECK(caught(Flaw::no_quota, "quota") == "with a quota of 8 it made one node more");
  CHECK(caught(Flaw::same_address, "parallel").starts_with("two nodes have the address 'm-1"));
  CHECK(caught(Flaw::says_gone, "presence") ==
        "of node 'h-1', which is there, it says by its handle: gone");
  CHECK(caught(Flaw::never_gone, "presence") ==
        "of node 'h-1', which was destroyed, it says by its handle: there");
  CHECK(caught(Flaw::no_word, "presence").empty());
  CHECK(caught(Flaw::no_handle, "create") == "the create of 'test-1' gave no handle");
  CHECK(caught(Flaw::throws_text, "create") == "stoi");
}

TEST_CASE("conformance: a hint that is not known must not make a node") {
  struct Careless : MemoryProvider {
    ProvidedNode create(const NodeSpec& spec) override {
      auto other = spec;
      other.hints = "{}";
      return MemoryProvider::create(other);
    }
  } provider;
  Suite suite(provider);
  suite.input.only = {"partial-failure"};
  CHECK(suite.failures() == std::vector<std::string>{
                                "partial-failure: a node was made with a hint that there is not: a "
                                "mistyped one would make other nodes than were meant"});
  CHECK(provider.nodes.empty());
}

TEST_CASE("conformance: hints that are wrong end the test") {
  MemoryProvider provider;
  Suite suite(provider);
  suite.input.hints = R"({"size": 3})";
  CHECK(suite.failures() == std::vector<std::string>{"hints: there is no hint 'size'"});
  CHECK(test_provider(suite.input).size() == 1);
  CHECK(provider.prepared == 0);
}

TEST_CASE("conformance: what an earlier test left goes first, and nothing of others") {
  MemoryProvider provider;
  NodeSpec spec;
  spec.hints = "{}";
  for (const char* tag : {"state/provider.test.x", "state/provider.test.x.2", "state/mine"}) {
    spec.tag = spec.token = spec.name = tag;
    provider.create(spec);
  }
  Suite suite(provider);
  suite.input.quota = 0;
  suite.input.creates = 7;  // of the 8 one is taken
  CHECK(suite.failures().empty());
  CHECK(suite.notes == std::vector<std::string>{"took away 2 nodes that an earlier test left"});
  REQUIRE(provider.nodes.size() == 1);
  CHECK(provider.nodes.begin()->second.second == "state/mine");
}

TEST_CASE("conformance: a test that is stopped has cleaned up") {
  MemoryProvider provider;
  Suite suite(provider);
  std::stop_source stop;
  stop.request_stop();
  suite.input.stop = stop.get_token();
  try {
    test_provider(suite.input);
    FAIL("it went on");
  } catch (const Error& error) {
    CHECK(error.exit_code() == ExitCode::interrupted);
  }
  CHECK(provider.nodes.empty());
}

TEST_CASE("conformance: inventory passes, a quota being its hosts") {
  TestFolder folder;
  std::string text = "hosts:\n";
  for (int i = 1; i <= 8; ++i) {
    text += "  - {name: h-" + std::to_string(i) + ", address: 10.0.0." + std::to_string(i) + "}\n";
  }
  write_file(folder / "hosts.yaml", text);
  InventoryProvider provider(folder.path() / "claims");
  Suite suite(provider);
  suite.input.hints = nlohmann::json{{"file", folder / "hosts.yaml"}}.dump();
  CHECK(join(suite.failures(), "\n") == "");
  CHECK(provider.list(suite.input.tag).empty());
}
