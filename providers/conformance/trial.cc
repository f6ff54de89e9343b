#include "providers/conformance/trial.h"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "providers/create.h"
#include "provisioner/base/clock.h"
#include "provisioner/base/error.h"
#include "provisioner/base/parallel.h"
#include "provisioner/base/text.h"

namespace muster {

namespace {

using Json = nlohmann::json;

constexpr const char* kUnknownHint = "no-such-hint-of-muster";
/// A list that lies may show something again and again.
constexpr int kMostRounds = 3;

std::string shown(const ProvidedNode& node) {
  return "'" + node.name + "' (handle '" + node.handle + "')";
}

}  // namespace

ProviderTrial::ProviderTrial(const ConformanceInput& input)
    : input_(input),
      run_(fingerprint(std::to_string(::getpid()) + "/" + std::to_string(RealClock().wall_ms()))) {}

NodeSpec ProviderTrial::spec() {
  NodeSpec spec;
  spec.name = "test-" + std::to_string(++count_);
  spec.fqdn = spec.name + ".provider-test.example";
  spec.deployment = "provider-test";
  spec.tenant = "provider-test";
  spec.tag = input_.tag;
  spec.token = run_ + "-" + std::to_string(count_);
  spec.hints = input_.hints;
  spec.authorized_key = input_.authorized_key;
  return spec;
}

std::string ProviderTrial::unknown_hints() const {
  auto hints = Json::parse(input_.hints);
  hints[kUnknownHint] = true;
  return hints.dump();
}

void ProviderTrial::remember(const ProvidedNode& node) {
  if (node.handle.empty()) return;
  std::lock_guard lock(mutex_);
  made_.insert(node.handle);
}

void ProviderTrial::check(const ProvidedNode& node, const NodeSpec& spec) {
  const auto asked = "the create of '" + spec.name + "' ";
  if (node.handle.empty()) throw CaseFailed{asked + "gave no handle"};
  if (node.token != spec.token) {
    throw CaseFailed{asked + "gave the token '" + node.token + "', not '" + spec.token + "'"};
  }
  if (node.name != spec.name) throw CaseFailed{asked + "gave a node '" + node.name + "'"};
  if (!node.complete) throw CaseFailed{asked + "gave a node that is not whole"};
  if (node.endpoint.address.empty()) throw CaseFailed{asked + "gave no address"};
}

ProvidedNode ProviderTrial::make(const NodeSpec& spec) {
  return create_whole(
      [&] {
        auto node = provider().create(spec);
        remember(node);
        return node;
      },
      {});
}

ProvidedNode ProviderTrial::create(const NodeSpec& spec) {
  auto node = make(spec);
  check(node, spec);
  return node;
}

std::vector<Attempt> ProviderTrial::create_at_once(const std::vector<NodeSpec>& specs) {
  std::vector<Attempt> attempts(specs.size());
  in_parallel(specs.size(), specs.size(), [&](std::size_t i) {
    attempts[i].spec = specs[i];
    try {
      attempts[i].node = make(specs[i]);
    } catch (const std::exception& error) {
      attempts[i].error = error.what();
      if (attempts[i].error.empty()) attempts[i].error = "(an error without a text)";
    }
  });
  for (const auto& attempt : attempts) {
    if (attempt.error.empty()) check(attempt.node, attempt.spec);
  }
  return attempts;
}

void ProviderTrial::destroy_at_once(const std::vector<Attempt>& nodes) {
  std::vector<std::string> errors(nodes.size());
  in_parallel(nodes.size(), nodes.size(), [&](std::size_t i) {
    try {
      provider().destroy(nodes[i].node.handle);
    } catch (const std::exception& error) {
      errors[i] = error.what();
    }
  });
  for (const auto& error : errors) {
    if (!error.empty()) throw CaseFailed{"a destroy failed: " + error};
  }
}

std::vector<ProvidedNode> ProviderTrial::listed(const std::string& tag) {
  auto nodes = provider().list(tag);
  // Whoever's it is: the list says so of every tag.
  std::erase_if(nodes, [](const ProvidedNode& node) { return !node.damage.empty(); });
  return nodes;
}

void ProviderTrial::must_list(const std::string& tag, const std::vector<ProvidedNode>& expected) {
  auto nodes = listed(tag);
  for (const auto& node : expected) {
    auto is_it = [&](const ProvidedNode& other) { return other.token == node.token; };
    auto times = std::ranges::count_if(nodes, is_it);
    if (times == 0) throw CaseFailed{"list does not show node " + shown(node)};
    if (times > 1) {
      throw CaseFailed{"list shows node " + shown(node) + " " + std::to_string(times) + " times"};
    }
    const auto& found = *std::ranges::find_if(nodes, is_it);
    if (found.handle != node.handle || found.name != node.name) {
      throw CaseFailed{"create made node " + shown(node) + ", list shows it as " + shown(found)};
    }
    if (!found.complete) throw CaseFailed{"list says that node " + shown(node) + " is half made"};
    std::erase_if(nodes, is_it);
  }
  if (nodes.empty()) return;
  throw CaseFailed{"list shows " + shown(nodes.front()) +
                   ", which was not made with this tag or is destroyed"};
}

void ProviderTrial::must_have_all() {
  if (input_.quota == 0) return;
  clear();
  std::vector<NodeSpec> specs;
  for (int i = 0; i < input_.quota; ++i) specs.push_back(spec());
  auto attempts = create_at_once(specs);
  auto bad = std::ranges::find_if(attempts, [](const Attempt& one) { return !one.error.empty(); });
  if (bad == attempts.end()) {
    clear();
    return;
  }
  auto had = std::ranges::count_if(attempts, [](const Attempt& one) { return one.error.empty(); });
  throw CaseFailed{
      "afterwards only " + std::to_string(had) + " of " + std::to_string(input_.quota) +
      " nodes could be had: something was left, and list does not show it (" + bad->error + ")"};
}

void ProviderTrial::destroy_all(const std::set<std::string>& listed) {
  auto handles = listed;
  {
    std::lock_guard lock(mutex_);
    handles.merge(made_);
    made_.clear();
  }
  std::string failed;
  for (const auto& handle : handles) {
    try {
      provider().destroy(handle);
    } catch (const std::exception& error) {
      // Of one that is not on the list it may be that it is gone.
      if (listed.contains(handle)) failed = error.what();
    }
  }
  if (!failed.empty()) throw Error(failed);
}

std::size_t ProviderTrial::clear() {
  std::set<std::string> gone;
  for (int round = 0; round < kMostRounds; ++round) {
    std::set<std::string> handles;
    for (const auto& tag : {input_.tag, other_tag()}) {
      for (const auto& node : listed(tag)) handles.insert(node.handle);
    }
    destroy_all(handles);
    if (handles.empty()) break;
    gone.merge(handles);
  }
  return gone.size();
}

}  // namespace muster
