#include "provisioner/operations/reconcile.h"

#include <algorithm>
#include <exception>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "provisioner/base/error.h"
#include "provisioner/run/access.h"

namespace muster {

namespace {

/// More than this nobody reads.
constexpr std::size_t kMostNamed = 20;

/// What a provider has of the deployment.
struct Found {
  std::multimap<std::string, ProvidedNode> nodes;  ///< by token: one may have made two machines
  std::vector<ProvidedNode> damaged;

  auto with(const std::string& token) const {
    auto [first, last] = nodes.equal_range(token);
    return std::ranges::subrange(first, last);
  }
};

Found found_at(Provider& provider, const std::string& tag) {
  Found found;
  for (auto& node : provider.list(tag)) {
    if (node.damage.empty()) {
      auto token = node.token;
      found.nodes.emplace(std::move(token), std::move(node));
    } else {
      found.damaged.push_back(std::move(node));
    }
  }
  return found;
}

/// To take it for lost would make it anew elsewhere, and leave what is there.
void refuse_damaged(const Found& found, const NodeRecord& node) {
  for (const auto& damaged : found.damaged) {
    if (!node.handle.empty() && node.handle.starts_with(damaged.handle)) {
      throw Error("node '" + node.name + "': " + damaged.damage);
    }
  }
}

std::string shown(const NodeRecord& node) {
  return "node '" + node.name + "' (handle '" + node.handle + "')";
}

/// A machine that goes: nobody wants it.
NodeRecord leaving_node(const ProvidedNode& machine, const std::string& provider) {
  NodeRecord node;
  node.name = machine.name;
  node.provider = provider;
  node.token = machine.token;
  node.handle = machine.handle;
  node.state = NodeState::destroying;
  return node;
}

bool has_handle(const DeploymentRecord& record, const std::string& token) {
  return std::ranges::any_of(record.nodes, [&](const NodeRecord& node) {
    return node.token == token && !node.handle.empty();
  });
}

bool knows_machine(const DeploymentRecord& record, const ProvidedNode& machine) {
  return std::ranges::any_of(record.nodes, [&](const NodeRecord& node) {
    return node.token == machine.token && node.handle == machine.handle;
  });
}

/// Under a name that no other node has.
void add_leaving(DeploymentRecord& record, NodeRecord node) {
  const auto name = node.name;
  for (int number = 2; record.find(node.name) != nullptr; ++number) {
    node.name = name + kTwinMark + std::to_string(number);
  }
  record.nodes.push_back(std::move(node));
}

/// One question about all nodes of a deployment that should be there.
class Reconciliation {
 public:
  Reconciliation(const World& world, DeploymentRecord& record, const GivenUp& given_up)
      : world_(world),
        record_(record),
        given_up_(given_up),
        tag_(deployment_tag(*world.store, record.name)) {}

  void run() {
    refuse_unknown_names();
    for (auto& node : record_.nodes) {
      if (node.state == NodeState::ready) open_.push_back({&node, ""});
    }
    auto pauses = world_.patience.pauses();
    for (int attempt = 1;; ++attempt) {
      std::erase_if(open_, [this](Open& open) { return settle(open); });
      if (open_.empty()) break;
      if (attempt >= world_.patience.tries) ask_the_user();
      pauses.wait({});
      for (const auto& open : open_) found_.erase(open.node->provider);
    }
    add_twins();
  }

 private:
  struct Open {
    NodeRecord* node;
    std::string why;  ///< the provider's, of not saying
  };

  const Found& found(const std::string& provider) {
    auto [at, fresh] = found_.try_emplace(provider);
    if (fresh) at->second = found_at(world_.providers->get(provider), tag_);
    return at->second;
  }

  /// Whether it is known by now what has become of it.
  bool settle(Open& open) {
    auto& node = *open.node;
    const auto& there = found(node.provider);
    const auto listed = there.with(node.token);
    const auto own = std::ranges::find_if(
        listed, [&](const auto& item) { return item.second.handle == node.handle; });
    if (own != listed.end()) {
      take(node, own->second);
      whole_.push_back(&node);
      return true;
    }
    if (listed.empty()) refuse_damaged(there, node);
    auto note = world_.providers->get(node.provider).presence({node.handle, node.token, tag_});
    open.why = std::move(note.why);
    if (note.presence == Presence::there) return true;
    if (note.presence == Presence::gone) {
      // A create with its token takes what there is instead of it.
      node.state = listed.empty() ? NodeState::lost : NodeState::half_made;
      return true;
    }
    if (!listed.empty()) {  // by another handle, as some programs name it by its address
      take(node, listed.front().second);
      return true;
    }
    if (given_up_.has_node(node.name)) node.state = NodeState::lost;
    return node.state == NodeState::lost;
  }

  void take(NodeRecord& node, const ProvidedNode& found) {
    if (given_up_.has_node(node.name)) {
      throw Error("node '" + node.name + "' is not lost: provider '" + node.provider +
                      "' lists it (handle '" + found.handle + "')",
                  ExitCode::usage)
          .hint("leave '--lost " + node.name + "' out");
    }
    if (!found.complete) {
      node.state = NodeState::half_made;
    } else if (!found.running) {
      node.state = NodeState::off;
    }
  }

  void refuse_unknown_names() const {
    for (const auto& name : given_up_.nodes) {
      if (record_.find(name) != nullptr) continue;
      throw Error("'" + record_.name + "' has no node '" + name + "' that could be lost",
                  ExitCode::usage)
          .hint("see its nodes: muster status " + record_.name);
    }
  }

  [[noreturn]] void ask_the_user() const {
    const auto& first = open_.front();
    Error error("provider '" + first.node->provider + "' does not list " + shown(*first.node) +
                ", and does not say that it is gone" + (first.why.empty() ? "" : ": " + first.why));
    for (std::size_t i = 1; i < std::min(open_.size(), kMostNamed); ++i) {
      error.hint("nor does '" + open_[i].node->provider + "' of " + shown(*open_[i].node));
    }
    if (open_.size() > kMostNamed) {
      error.hint("nor of " + std::to_string(open_.size() - kMostNamed) + " more");
    }
    error.hint("look for it at the provider: what is there comes back with the next apply");
    throw error.hint("what is gone for good is made anew: muster apply " + record_.definition_file +
                     " --lost " + first.node->name);
  }

  void add_twins() {
    std::vector<NodeRecord> twins;
    for (const auto* node : whole_) {
      if (world_.providers->get(node->provider).picks_machines()) continue;
      for (const auto& [token, machine] : found(node->provider).with(node->token)) {
        if (knows_machine(record_, machine)) continue;
        twins.push_back(leaving_node(machine, node->provider));
      }
    }
    for (auto& twin : twins) add_leaving(record_, std::move(twin));
  }

  const World& world_;
  DeploymentRecord& record_;
  const GivenUp& given_up_;
  std::string tag_;
  std::map<std::string, Found> found_;    // by the provider's name
  std::vector<Open> open_;                // nobody knows yet what has become of these
  std::vector<const NodeRecord*> whole_;  // listed with their handle
};

}  // namespace

void ask_providers(const World& world, DeploymentRecord& record, const GivenUp& given_up) {
  Reconciliation(world, record, given_up).run();
}

void add_unknown_nodes(const World& world, DeploymentRecord& record) {
  const auto tag = deployment_tag(*world.store, record.name);
  // Of those with a program of their own only the deployment's: others' may be gone or broken.
  auto names = world.providers->names();
  for (const auto& node : record.nodes) names.push_back(node.provider);
  std::set<const Provider*> asked;
  for (const auto& name : names) {
    auto* provider = world.providers->find(name);
    if (provider == nullptr || !asked.insert(provider).second) continue;
    Found there;
    try {
      there = found_at(*provider, tag);
    } catch (const std::exception&) {
      // Of a provider that the deployment has nothing from: it may be root's alone.
      const bool ours = std::ranges::any_of(record.nodes, [&](const NodeRecord& node) {
        return world.providers->find(node.provider) == provider;
      });
      if (ours) throw;
      continue;
    }
    for (const auto& [token, machine] : there.nodes) {
      // One machine is what the node is: where the host stays, whatever it is called by now, and
      // where the create never answered.
      const bool alone = there.nodes.count(token) == 1 && !has_handle(record, token);
      if (record.knows(token) && (alone || provider->picks_machines())) continue;
      if (!knows_machine(record, machine)) add_leaving(record, leaving_node(machine, name));
    }
  }
}

void ask_what_is_wiped(ProviderRegistry& providers, DeploymentRecord& record) {
  std::map<std::string, bool> asked;
  for (auto& node : record.nodes) {
    auto [at, fresh] = asked.try_emplace(node.provider);
    const auto* provider = fresh ? providers.find(node.provider) : nullptr;
    if (provider != nullptr) at->second = provider->wipes();
    node.wiped = at->second;
  }
}

}  // namespace muster
