#include "providers/local/local.h"

#include <algorithm>
#include <cstdlib>

#include "providers/local/checks.h"
#include "providers/local/disk.h"
#include "providers/local/hints.h"
#include "providers/local/image.h"
#include "providers/local/launch.h"
#include "providers/local/lock.h"
#include "providers/local/names.h"
#include "providers/local/network.h"
#include "provisioner/base/clock.h"
#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/text.h"
#include "provisioner/ssh/session.h"

namespace muster {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::seconds kBootDeadline{60};
constexpr std::chrono::seconds kKillDeadline{20};
/// Between looks at whether a node that boots is still alive.
constexpr std::chrono::milliseconds kLook{300};

ProvidedNode provided(const LocalNode& node) {
  Endpoint endpoint;
  endpoint.address = node.address;
  endpoint.host_key = node.host_key;
  return {node.id, node.token, node.name, node.complete, endpoint};
}

LocalHints parsed_hints(const std::string& text) {
  std::vector<std::string> mistakes;
  auto hints = parse_local_hints(text, mistakes);
  if (!mistakes.empty()) throw Error(join(mistakes, "\n"), ExitCode::usage);
  return hints;
}

/// What nspawn keeps outside of its namespaces and leaves when it is killed.
void remove_nspawn_traces(const std::string& id) {
  std::error_code ignored;
  fs::remove_all("/run/systemd/nspawn/propagate/" + id, ignored);
}

void check_handle(const std::string& handle) {
  if (!is_local_node_id(handle)) throw Error("'" + handle + "' is no node of provider 'local'");
}

}  // namespace

fs::path default_local_root() {
  const char* root = std::getenv("MUSTER_LOCAL_DIR");
  fs::path folder = root != nullptr && *root == '/' ? root : "/var/lib/muster/local";
  folder = folder.lexically_normal();
  // Nodes and networks are named after this text.
  return folder.has_filename() ? folder : folder.parent_path();
}

LocalProvider::LocalProvider(fs::path root, fs::path cache, bool offline)
    : records_(std::move(root)),
      cache_(std::move(cache)),
      offline_(offline),
      cgroups_(cgroup_host()) {}

std::vector<std::string> LocalProvider::validate(const std::string& hints) {
  std::vector<std::string> problems;
  auto parsed = parse_local_hints(hints, problems);
  auto facts = gather_local_facts(records_, fs::exists(node_image(cache_, parsed.os)));
  auto more = local_problems(facts, parsed);
  problems.insert(problems.end(), more.begin(), more.end());
  return problems;
}

void LocalProvider::prepare(const std::vector<std::string>& hints,
                            const std::function<void(const std::string&)>& note) {
  make_directory(cache_ / "store");
  for (const auto& image : offline_ ? prepared(hints) : std::vector<fs::path>{}) {
    if (fs::exists(image)) continue;
    throw Error("the node image '" + image.filename().string() +
                "' is neither in the cache nor in the bundle")
        .hint(
            "where there is a network, make a bundle with this muster: muster bundle create FILE");
  }
  for (const auto& text : hints) build_node_image(cache_, parsed_hints(text).os, note);
}

std::vector<fs::path> LocalProvider::prepared(const std::vector<std::string>& hints) {
  std::vector<fs::path> images;
  for (const auto& text : hints) images.push_back(node_image(cache_, parsed_hints(text).os));
  return images;
}

ProvidedNode LocalProvider::create(const NodeSpec& spec) {
  auto id = local_node_id(records_.root().string(), spec.token);
  auto lock = HostLock::of_node(id);
  try {
    auto node = records_.node(id);
    if (node && node->token != spec.token) {
      throw Error("the id '" + id + "' belongs to node '" + node->name + "' of deployment '" +
                  node->deployment + "' already")
          .hint("destroy this node and create it again: it gets another id then");
    }
    if (!node || !node->complete) {
      // Whatever a cut create left is not worth keeping.
      switch_off(id);
      remove_disk(records_.folder(id));
      node = reserve(spec);
      make(*node, spec);
    } else if (!cgroups_have_processes(cgroups_, id)) {
      switch_on_again(*node);
    } else {
      wait_until_it_answers(*node);
    }
    return provided(*node);
  } catch (Error& error) {
    error.while_doing("creating local node '" + spec.name + "'");
    throw;
  }
}

LocalNode LocalProvider::reserve(const NodeSpec& spec) const {
  auto hints = parsed_hints(spec.hints);
  auto lock = HostLock::of_networks();
  LocalNode node;
  node.id = local_node_id(records_.root().string(), spec.token);
  auto network = network_for(spec, hints);
  std::vector<std::uint32_t> used;
  for (const auto& other : records_.nodes()) {
    if (other.bridge != network.bridge || other.id == node.id) continue;
    if (auto range = parse_ipv4_range(other.address + "/32")) used.push_back(range->first);
  }
  auto address = free_address(network.range, used);
  if (!address) {
    throw Error("the network " + to_text(network.range) + " of tenant '" + spec.tenant +
                "' has no free address")
        .hint("destroy nodes, or spread the deployments over more tenants");
  }
  node.token = spec.token;
  node.tag = spec.tag;
  node.deployment = spec.deployment;
  node.tenant = spec.tenant;
  node.name = spec.name;
  node.fqdn = spec.fqdn;
  node.bridge = network.bridge;
  node.address = ipv4_text(*address);
  node.image = node_image(cache_, hints.os).string();
  node.cpus = hints.cpus;
  node.memory_mb = hints.memory_mb;
  node.internet = hints.internet;
  records_.put(node);
  if (records_.network(network.bridge) != network) records_.put(network);
  raise(network);
  return node;
}

LocalNetwork LocalProvider::network_for(const NodeSpec& spec, const LocalHints& hints) const {
  const auto owner = local_owner(records_.root().string(), spec);
  const auto networks = records_.networks();
  auto bridge = bridge_of(owner, networks, interface_exists);
  auto pool = hints.network.value_or(default_local_pool());
  if (auto network = records_.network(bridge)) {
    if (!hints.network || pool.overlaps(network->range)) return *network;
    throw Error("tenant '" + spec.tenant + "' has the network " + to_text(network->range) +
                " already, which is not in the hint 'network' (" + to_text(pool) + ")")
        .hint("leave the hint out, or destroy the tenant's local nodes first");
  }
  auto taken = host_ranges();
  for (const auto& other : networks) taken.push_back(other.range);
  auto range = free_network(pool, taken);
  if (!range) {
    throw Error("the address range " + to_text(pool) + " has no free network for tenant '" +
                spec.tenant + "'")
        .hint("name another range with the hint 'network', e.g. {\"network\": \"10.77.0.0/16\"}");
  }
  return {bridge, owner.state, spec.tenant, *range};
}

std::optional<std::string> LocalProvider::network_of(const NodeSpec& wanted) {
  try {
    return to_text(network_for(wanted, parsed_hints(wanted.hints)).range);
  } catch (const Error&) {
    return std::nullopt;  // validate and create say why
  }
}

void LocalProvider::raise(const LocalNetwork& network) const {
  auto nodes = records_.nodes();
  std::erase_if(nodes, [&](const LocalNode& node) { return node.bridge != network.bridge; });
  raise_network(network, nodes);
}

void LocalProvider::put(const LocalNode& node) const {
  auto lock = HostLock::of_networks();
  records_.put(node);
}

void LocalProvider::make(LocalNode& node, const NodeSpec& spec) const {
  node.host_key = make_disk(node, records_.folder(node.id), spec.authorized_key);
  switch_on(node);
  sync_disk(records_.folder(node.id));  // while it boots
  wait_until_it_answers(node);
  node.complete = true;
  put(node);
}

void LocalProvider::switch_on(const LocalNode& node) const {
  auto network = records_.network(node.bridge);
  if (!network) throw Error("the record of network '" + node.bridge + "' is gone");
  auto folder = records_.folder(node.id);
  auto command = node_command(node, folder, cache_ / "store", unified_group(cgroups_, node.id));
  CgroupLimits limits{node.cpus, node.memory_mb};
  HeldNode held(command, overlay_options(node.image, folder),
                make_cgroups(cgroups_, node.id, limits), folder);
  enter_scope(cgroups_, node.id, limits, held.pid());
  plug_in(node, *network, held.pid());
  held.go();
}

void LocalProvider::switch_on_again(const LocalNode& node) const {
  switch_off(node.id);
  {
    // After a reboot of the machine the network is gone.
    auto lock = HostLock::of_networks();
    if (auto network = records_.network(node.bridge)) raise(*network);
  }
  switch_on(node);
  wait_until_it_answers(node);
}

void LocalProvider::switch_off(const std::string& id) const {
  clear_cgroups(cgroups_, id, kKillDeadline);
  unplug(id);
  remove_nspawn_traces(id);
}

void LocalProvider::wait_until_it_answers(const LocalNode& node) const {
  Deadline deadline(kBootDeadline);
  while (!answers_ssh(node.address, 22, kLook)) {
    bool alive = cgroups_have_processes(cgroups_, node.id);
    if (alive && !deadline.passed()) continue;
    auto console = records_.folder(node.id) / "console.log";
    auto said = fs::exists(console) ? last_lines(read_file(console), 15) : "";
    TemporaryError error("local node '" + node.name + "' (" + node.address + ") " +
                         (alive ? "does not answer on SSH after " +
                                      std::to_string(kBootDeadline.count()) + " seconds"
                                : "ended while starting") +
                         (said.empty() ? "" : "; its console says:\n" + said));
    error.hint("its whole console is in '" + console.string() + "'");
    throw error;
  }
}

void LocalProvider::destroy(const std::string& handle) {
  check_handle(handle);
  auto lock = HostLock::of_node(handle);
  try {
    switch_off(handle);
    remove_disk(records_.folder(handle));
    auto networks = HostLock::of_networks();
    remove_networks_without(handle);
    // The record goes last: until then `list` still finds the node.
    records_.forget_node(handle);
    records_.tidy();
  } catch (Error& error) {
    error.while_doing("destroying local node '" + handle + "'");
    throw;
  }
}

void LocalProvider::remove_networks_without(const std::string& leaving) const {
  auto nodes = records_.nodes();
  for (const auto& network : records_.networks()) {
    bool used = std::any_of(nodes.begin(), nodes.end(), [&](const LocalNode& node) {
      return node.bridge == network.bridge && node.id != leaving;
    });
    if (used) continue;
    remove_network(network.bridge);
    records_.forget_network(network.bridge);
  }
}

std::vector<ProvidedNode> LocalProvider::list(const std::string& tag) {
  std::vector<ProvidedNode> nodes;
  if (!fs::exists(records_.root())) return nodes;
  auto lock = HostLock::of_networks();
  records_.tidy();
  for (const auto& node : records_.nodes()) {
    if (node.tag != tag) continue;
    nodes.push_back(provided(node));
    nodes.back().running = cgroups_have_processes(cgroups_, node.id);
  }
  return nodes;
}

PresenceNote LocalProvider::presence(const KnownNode& node) {
  const auto root = "'" + records_.root().string() + "'";
  // With the last node of all the folder goes; a node that was whole is on record there until then.
  if (!node.handle.empty() && !fs::exists(records_.root())) {
    return {Presence::unsure, "its folder " + root + " is missing"};
  }
  const auto id = local_node_id(records_.root().string(), node.token);
  if (!node.handle.empty() && node.handle != id) {
    return {Presence::unsure, "it was made in another folder than " + root + " (MUSTER_LOCAL_DIR)"};
  }
  auto lock = HostLock::of_networks();
  if (records_.node(id)) return {Presence::there, "", {id}};
  if (fs::exists(records_.folder(id))) {
    return {Presence::unsure, "its record is missing, and its disk is still in '" +
                                  records_.folder(id).string() + "'"};
  }
  if (cgroups_have_processes(cgroups_, id)) {
    return {Presence::unsure, "its record is missing, and its processes still run"};
  }
  return {Presence::gone};
}

void LocalProvider::set_power(const std::string& handle, bool on) {
  check_handle(handle);
  auto lock = HostLock::of_node(handle);
  auto node = records_.node(handle);
  if (!node || !node->complete) throw Error("there is no local node '" + handle + "'");
  if (!on) {
    switch_off(handle);
  } else if (!cgroups_have_processes(cgroups_, handle)) {
    switch_on_again(*node);
  }
}

}  // namespace muster
