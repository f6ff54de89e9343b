#include "provisioner/operations/preflight.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "inventory/address.h"
#include "inventory/index.h"
#include "provisioner/artifacts/build.h"
#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/checks/preflight_rules.h"
#include "provisioner/operations/objections.h"
#include "provisioner/run/access.h"
#include "provisioner/run/workers.h"
#include "provisioner/ssh/tcp.h"

namespace muster {

namespace {

/// A host that refuses connections is not one that is still starting.
constexpr std::chrono::seconds kCheckPatience{2};
/// Firewalls and servers forget idle connections, but not as soon as that.
constexpr std::int64_t kFreshMs = 30'000;

/// A machine to be asked, and what comes of it.
struct Target {
  std::optional<Endpoint> endpoint;
  NodeNeeds needs;
  HostFindings findings;
  std::optional<Look> look;
};

class Preflight {
 public:
  Preflight(const World& world, const Planned& planned, Checking which, const RunOptions& options)
      : world_(world),
        planned_(planned),
        which_(which),
        options_(options),
        nodes_(index_of(planned.cluster)) {
    add_new();
    if (which == Checking::all_nodes) add_existing();
  }

  bool has_machines() const {
    return std::ranges::any_of(targets_,
                               [](const auto& target) { return target.endpoint.has_value(); });
  }

  /// What the nodes that answered are.
  std::map<std::string, std::string> architectures() const {
    std::map<std::string, std::string> all;
    for (const auto& target : targets_) {
      if (target.look) all[target.findings.node] = architecture(target.look->seen.facts);
    }
    return all;
  }

  /// `keep`: the connections stay in `links`.
  std::vector<HostFindings> run(NodeLinks& links, bool keep) {
    ask_all(links, keep);
    judge_answers();
    std::vector<HostFindings> all;
    for (const auto& target : targets_) all.push_back(target.findings);
    return all;
  }

 private:
  void add(const std::string& name, std::optional<Endpoint> endpoint, const NodeRecord* record) {
    const auto* node = find_in(nodes_, name);
    if (node == nullptr) return;
    Target target;
    target.needs = needs_of(planned_.cluster, *node, *world_.roles, record);
    target.needs.architecture = machine_arch();
    target.needs.state = world_.store->id();
    const auto& version = planned_.cluster.settings.version;
    target.needs.can_have = [this, version](const std::string& artifact, const std::string& arch) {
      return world_.artifacts->can_fetch(artifact, arch) ||
             world_.artifacts->find(artifact, version, arch).has_value();
    };
    target.needs.fetch_command = [version](const std::string& arch) {
      return fetch_command(version, arch);
    };
    if (world_.artifacts->has_packages()) {
      target.needs.has_packages = [this](const std::string& os, const std::string& version,
                                         const std::string& arch) {
        return world_.artifacts->packages_for(os, version, arch).has_value();
      };
      target.needs.packaged_releases = world_.artifacts->packaged_releases();
    }
    target.findings.deployment = planned_.cluster.name;
    target.findings.node = name;
    if (endpoint) {
      target.findings.place = host_and_port(endpoint->address, endpoint->port);
    } else {
      target.findings.findings.push_back(
          {Level::ok, "machine", "there is none to ask yet: apply makes it, or wakes it", ""});
    }
    target.endpoint = std::move(endpoint);
    targets_.push_back(std::move(target));
  }

  void add_new() {
    const auto recorded = planned_.record ? index_of(*planned_.record) : RecordIndex{};
    for (const auto& [provider, specs] : nodes_to_create(*world_.store, planned_)) {
      auto machines = world_.providers->get(provider).machines(specs);
      for (std::size_t i = 0; i < specs.size(); ++i) {
        if (!machines[i] && which_ == Checking::new_nodes) continue;
        add(specs[i].name, std::move(machines[i]), find_in(recorded, specs[i].name));
      }
    }
  }

  void add_existing() {
    if (!planned_.record) return;
    for (const auto& node : planned_.record->nodes) {
      if (node.state == NodeState::ready) add(node.name, node.endpoint, &node);
    }
  }

  /// Some in flight at a time, as in a run.
  void ask_all(NodeLinks& links, bool keep) {
    std::mutex mutex;
    std::condition_variable ended;
    int running = 0;
    for (auto& target : targets_) {
      if (!target.endpoint || options_.stop.stop_requested()) continue;
      std::unique_lock lock(mutex);
      ended.wait(lock, [&] { return running < std::max(1, options_.parallel); });
      ++running;
      lock.unlock();
      auto key = thread_key(target.findings.deployment, target.findings.node);
      world_.resources->fibers.start(key, [&] {
        ask(target, links);
        if (!keep) links.forget(target.findings.node);
        std::lock_guard guard(mutex);
        --running;
        ended.notify_all();
      });
    }
    std::unique_lock lock(mutex);
    ended.wait(lock, [&] { return running == 0; });
  }

  void ask(Target& target, NodeLinks& links) {
    auto& link = links.to(target.findings.node, *target.endpoint);
    auto trouble = [&](Trouble trouble, const std::exception& why) {
      target.findings.findings.push_back(judge_trouble(trouble, why.what()));
    };
    if (target.needs.kubernetes) {
      const auto& inside = target.endpoint->in_cluster();
      target.needs.address = is_ip_address(inside) ? inside : ip_address_of(inside);
    }
    try {
      target.look = link.look(questions_for(target.needs));
    } catch (const HostKeyChanged& error) {
      trouble(Trouble::host_key, error);
    } catch (const KeyUnusable& error) {
      trouble(Trouble::key_file, error);
    } catch (const ConnectionLost& error) {
      trouble(Trouble::silent, error);
    } catch (const std::exception& error) {
      trouble(link.is_silent() ? Trouble::silent : Trouble::refused, error);
    }
  }

  void judge_answers() {
    std::vector<Answered> answered;
    for (auto& target : targets_) {
      if (target.look) {
        target.findings.findings = judge(target.needs, *target.look);
        answered.push_back({&target.needs, &*target.look, &target.findings});
      }
      if (which_ == Checking::new_nodes) forgive_unreachable(target.findings.findings);
    }
    judge_together(answered);
  }

  const World& world_;
  const Planned& planned_;
  Checking which_;
  const RunOptions& options_;
  NodeIndex nodes_;
  std::vector<Target> targets_;
};

LinkOptions link_options(const World& world, const Planned& planned, const RunOptions& options) {
  LinkOptions links;
  links.ssh.private_key = known_tenant_key(*world.store, planned.cluster.tenant);
  links.deployment = planned.cluster.name;
  links.resources = world.resources;
  links.stop = options.stop;
  links.patience = kCheckPatience;
  links.wait_longer(planned.cluster.settings.patience);
  return links;
}

}  // namespace

std::vector<HostFindings> preflight(const World& world, const Planned& planned, Checking which,
                                    const RunOptions& options) {
  NodeLinks links(link_options(world, planned, options));
  return Preflight(world, planned, which, options).run(links, false);
}

CheckedHosts::CheckedHosts(const World& world, const Planned& planned, const RunOptions& options)
    : clock_(*world.clock) {
  if (!options.check_hosts) return;
  Preflight preflight(world, planned, Checking::new_nodes, options);
  if (!preflight.has_machines()) return;
  links_ = std::make_shared<NodeLinks>(link_options(world, planned, options));
  auto hosts = preflight.run(*links_, true);
  checked_ms_ = clock_.steady_ms();
  architectures_ = preflight.architectures();
  if (options.stop.stop_requested()) return;
  if (options.on_findings) options.on_findings(hosts);
  refuse_errors(planned.cluster.name, hosts);
}

std::shared_ptr<NodeLinks> CheckedHosts::take_links() {
  if (clock_.steady_ms() - checked_ms_ > kFreshMs) links_.reset();
  return std::move(links_);
}

}  // namespace muster
