#include "providers/inventory/inventory.h"

#include <cstdlib>
#include <utility>

#include "providers/inventory/host_power.h"
#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/text.h"

namespace muster {

namespace {

namespace fs = std::filesystem;

std::string handle_of(const Claim& claim) { return claim.place + "/" + claim.token; }

}  // namespace

fs::path default_inventory_root() {
  const char* root = std::getenv("MUSTER_INVENTORY_DIR");
  if (root != nullptr && *root == '/') return root;
  return default_state_directory() / "inventory";
}

InventoryProvider::InventoryProvider(fs::path claims, ClaimLedger* ledger)
    : claims_(std::move(claims), ledger) {}

/// As it is now: read again when it was written since.
FilePtr InventoryProvider::file(const std::string& name) {
  std::lock_guard lock(mutex_);
  auto& known = files_[name];
  if (!known || !is_current(*known)) known = read_hosts_file(name);
  return known;
}

std::vector<WantedHost> InventoryProvider::read(const std::vector<NodeSpec>& wanted,
                                                std::vector<std::string>& mistakes) {
  std::vector<WantedHost> read;
  read.reserve(wanted.size());
  std::map<std::string, FilePtr> files;  // not looked at anew for each node
  for (const auto& spec : wanted) {
    bool same = !read.empty() && read.back().spec.hints == spec.hints;
    auto wish = same ? read.back().wish : host_wish_of(spec.hints, mistakes);
    if (!mistakes.empty()) return {};
    auto& found = files[wish.file];
    if (!found) found = file(wish.file);
    read.push_back({spec, std::move(wish), found});
  }
  return read;
}

std::vector<std::string> InventoryProvider::validate(const std::string& hints) {
  std::vector<std::string> mistakes;
  auto wish = host_wish_of(hints, mistakes);
  if (!mistakes.empty()) return mistakes;
  const auto found = file(wish.file);
  if (!found->mistakes.empty()) {
    mistakes.push_back("the hosts file has mistakes\n" + found->mistakes);
  }
  return mistakes;
}

HostPlan InventoryProvider::plan(const std::vector<WantedHost>& wanted) {
  std::set<std::string> avoided;
  for (const auto& [tag, intention] : intentions_) {
    if (!wanted.empty() && tag == wanted.front().spec.tag) continue;
    for (const auto& [node, place] : intention.places) avoided.insert(place);
  }
  return {wanted, table_, std::move(avoided)};
}

void InventoryProvider::intend(const std::vector<WantedHost>& wanted, const HostPlan& plan) {
  for (const auto& want : wanted) intentions_.erase(want.spec.tag);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    auto [at, fresh] = intentions_.try_emplace(wanted[i].spec.tag);
    auto& intention = at->second;
    if (fresh) intention.named = plan.named();
    const auto* host = plan.hosts()[i];
    intention.wanted.push_back(wanted[i]);
    intention.places[wanted[i].spec.name] = host == nullptr ? "" : wanted[i].file->place(*host);
  }
}

std::vector<std::string> InventoryProvider::objections(const std::vector<NodeSpec>& wanted) {
  std::vector<std::string> mistakes;
  const auto wants = read(wanted, mistakes);
  if (!mistakes.empty()) return mistakes;
  std::lock_guard lock(mutex_);
  table_.load(claims_);
  const auto chosen = plan(wants);
  intend(wants, chosen);
  return chosen.objections();
}

std::vector<std::optional<Endpoint>> InventoryProvider::machines(
    const std::vector<NodeSpec>& wanted) {
  std::vector<std::optional<Endpoint>> machines(wanted.size());
  std::vector<std::string> mistakes;
  const auto wants = read(wanted, mistakes);
  if (!mistakes.empty()) return machines;
  std::unique_lock lock(mutex_);
  table_.load(claims_);
  const auto chosen = plan(wants);
  intend(wants, chosen);
  lock.unlock();
  const auto asleep = sleeping(chosen.hosts());
  for (std::size_t i = 0; i < wants.size(); ++i) {
    const auto* host = chosen.hosts()[i];
    if (host != nullptr && !asleep[i]) machines[i] = host->endpoint;
  }
  return machines;
}

std::vector<MachineNote> InventoryProvider::describe(const std::vector<NodeSpec>& wanted) {
  std::vector<MachineNote> notes(wanted.size());
  std::vector<std::string> mistakes;
  const auto wants = read(wanted, mistakes);
  std::lock_guard lock(mutex_);
  table_.load(claims_);
  std::vector<WantedHost> others;
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto* claim = table_.of(wanted[i].token);
    if (claim == nullptr) {
      if (!wants.empty()) others.push_back(wants[i]);
      numbers.push_back(i);
      continue;
    }
    notes[i].labels = claim->labels;
    const auto* host = wants.empty() ? nullptr : host_of_claim(*claim, *wants[i].file, table_);
    // What its hints ask for by now may be another one: it keeps the one that it has.
    if (host == nullptr || !wants[i].wish.is_for(*host)) continue;
    notes[i].labels = host->labels;
    notes[i].own = notes[i].machine = host->endpoint;
    notes[i].architecture = host->architecture;
    notes[i].moved = claim_on(*host, wants[i]) != *claim;
  }
  const auto chosen = plan(others);
  for (std::size_t i = 0; i < others.size(); ++i) {
    const auto* host = chosen.hosts()[i];
    if (host == nullptr) continue;
    notes[numbers[i]].labels = host->labels;
    notes[numbers[i]].machine = host->endpoint;
    notes[numbers[i]].architecture = host->architecture;
  }
  return notes;
}

ProvidedNode InventoryProvider::create(const NodeSpec& spec) {
  std::vector<std::string> mistakes;
  const auto wants = read({spec}, mistakes);
  if (!mistakes.empty()) throw Error(join(mistakes, "\n"), ExitCode::usage);
  const auto& want = wants.front();
  if (!want.file->mistakes.empty()) {
    throw Error("the hosts file has mistakes\n" + want.file->mistakes);
  }
  const auto claim = claim_host(want);
  const auto& host = *want.file->find_name(claim.host);
  if (host.bmc && host.bmc->wake) wake(host);
  ProvidedNode node;
  node.handle = handle_of(claim);
  node.token = spec.token;
  node.name = spec.name;
  node.complete = true;
  node.endpoint = host.endpoint;
  node.labels = host.labels;
  node.when_silent = "start the sshd of " + called(host.name, claim.place) +
                     ", or take it out of '" + want.wish.file + "'; then apply again";
  return node;
}

void InventoryProvider::destroy(const std::string& handle) {
  auto slash = handle.rfind('/');
  auto place = handle.substr(0, slash);
  if (slash == std::string::npos || place.find('/') != std::string::npos) {
    throw Error("'" + handle + "' is no node of provider 'inventory'");
  }
  auto token = handle.substr(slash + 1);
  std::set<std::string> places{place};
  {
    // The host may have got another address since; or a move of its claim was cut.
    std::lock_guard lock(mutex_);
    if (!table_.loaded()) table_.load(claims_);
    for (const auto& known : table_.places_of(token)) places.insert(known);
  }
  for (const auto& known : places) put_to_sleep_if_asked(known, token);
  for (const auto& known : places) claims_.release(known, token);
  std::lock_guard lock(mutex_);
  for (const auto& known : places) {
    const auto* claim = table_.at(known);
    if (claim != nullptr && claim->token == token) table_.forget(known);
  }
}

/// A host stays where it is: of a node that had one, a claim that is missing says only that
/// somebody took that away.
PresenceNote InventoryProvider::presence(const KnownNode& node) {
  PresenceNote note;
  const auto place = node.handle.substr(0, node.handle.rfind('/'));
  for (const auto& claim : claims_.all().claims) {
    if (claim.token == node.token) note.handles.push_back(handle_of(claim));
    if (claim.place == place && claim.token != node.token) {
      note.why = in_use(claim.host, claim);
    }
  }
  if (!note.handles.empty()) {
    note.presence = Presence::there;
  } else if (node.handle.empty()) {
    note.presence = Presence::gone;
  } else {
    note.presence = Presence::unsure;
    if (note.why.empty()) {
      note.why =
          "its claim on '" + place + "' is missing, and what was done to the host is still on it";
    }
  }
  return note;
}

std::vector<ProvidedNode> InventoryProvider::list(const std::string& tag) {
  auto found = claims_.all();
  std::erase_if(found.claims, [&](const Claim& claim) { return claim.tag != tag; });
  std::vector<ProvidedNode> nodes;
  for (const auto& claim : found.claims) {
    ProvidedNode node;
    node.handle = handle_of(claim);
    node.token = claim.token;
    node.name = claim.node;
    node.complete = true;
    node.endpoint.address = claim.address;
    node.endpoint.port = claim.port;
    node.labels = claim.labels;
    nodes.push_back(std::move(node));
  }
  find_switched_off(found.claims, nodes);
  for (const auto& damaged : found.damaged) {
    ProvidedNode node;
    node.handle = damaged.place + "/";
    node.damage = damaged.message() + "; " + damaged.hint();
    nodes.push_back(std::move(node));
  }
  return nodes;
}

}  // namespace muster
