// How a create gets its host: by the plan, or anew when others were faster.
#include <utility>

#include "providers/inventory/inventory.h"
#include "provisioner/base/error.h"

namespace muster {

Claim claim_on(const Host& host, const WantedHost& want) {
  Claim claim;
  claim.place = want.file->place(host);
  claim.host = host.name;
  claim.address = host.endpoint.address;
  claim.port = host.endpoint.port;
  claim.tag = want.spec.tag;
  claim.token = want.spec.token;
  claim.node = want.spec.name;
  claim.deployment = want.spec.deployment;
  claim.source = want.file->source;
  claim.labels = host.labels;
  return claim;
}

/// The host that the plan had for it, if that can still be.
const Host* InventoryProvider::intended(const WantedHost& want) const {
  auto intention = intentions_.find(want.spec.tag);
  if (intention == intentions_.end()) return nullptr;
  auto place = intention->second.places.find(want.spec.name);
  if (place == intention->second.places.end()) return nullptr;
  const auto* host = want.file->find_place(place->second);
  if (host == nullptr || table_.is_taken(place->second)) return nullptr;
  return want.wish.is_for(*host) ? host : nullptr;
}

/// For this node, and for all others of its deployment that have none yet: others have taken hosts
/// meanwhile. Null when there is none for it.
const Host* InventoryProvider::choose_anew(const WantedHost& want) {
  std::vector<WantedHost> open{want};
  if (auto known = intentions_.find(want.spec.tag); known != intentions_.end()) {
    for (const auto& other : known->second.wanted) {
      const auto& name = other.spec.name;
      if (name != want.spec.name && known->second.places.count(name) > 0) open.push_back(other);
    }
  }
  const auto chosen = plan(open);
  intend(open, chosen);
  return chosen.hosts().front();
}

void InventoryProvider::done(const NodeSpec& spec) {
  auto intention = intentions_.find(spec.tag);
  if (intention == intentions_.end()) return;
  intention->second.places.erase(spec.name);
  if (intention->second.places.empty()) intentions_.erase(intention);
}

Error InventoryProvider::none_for(const WantedHost& want) const {
  const std::vector<WantedHost> alone{want};
  if (!want.wish.host.empty()) {
    auto objections = HostPlan(alone, table_).objections();
    if (!objections.empty()) return Error(objections.front());
  }
  auto intention = intentions_.find(want.spec.tag);
  auto named = intention == intentions_.end() ? std::set<std::string>{} : intention->second.named;
  return Error("no host is free: " + none_free(*want.file, want.wish, table_, named));
}

/// False when another process was faster.
bool InventoryProvider::take(const Claim& claim) {
  bool taken = false;
  std::optional<Claim> other;
  try {
    taken = claims_.take(claim);
    if (!taken) other = claims_.find(claim.place);
  } catch (const Error&) {
    std::lock_guard lock(mutex_);
    table_.forget(claim.place);
    throw;
  }
  std::lock_guard lock(mutex_);
  if (!taken) table_.forget(claim.place);
  if (taken || other) table_.remember(taken ? claim : *other);
  return taken;
}

/// Returns when the claim is the node's: somebody may have taken it away meanwhile, and another one
/// may have it.
void InventoryProvider::hold(const Claim& claim) {
  constexpr int kTries = 10;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    if (claims_.take(claim) || claims_.renew(claim)) return;
    // Without one it was released between the two.
    auto other = claims_.find(claim.place);
    if (other && other->token != claim.token) throw Error(in_use(claim.host, *other));
  }
  throw Error(called(claim.host, claim.place) + " is claimed and released again and again")
      .hint("try again in a while");
}

/// The host is the same, and the file says something else of it.
void InventoryProvider::move_claim(const Claim& from, const Claim& to) {
  hold(to);
  if (from.place != to.place) claims_.release(from.place, from.token);
  std::lock_guard lock(mutex_);
  if (from.place != to.place) table_.forget(from.place);
  table_.remember(to);
}

Claim InventoryProvider::claim_host(const WantedHost& want) {
  const auto& [spec, wish, file] = want;
  for (bool fresh = false;;) {
    Claim claim;
    std::optional<Claim> own;
    {
      std::lock_guard lock(mutex_);
      if (!table_.loaded()) {
        table_.load(claims_);
        fresh = true;
      }
      const Host* host = kept(want);
      if (host != nullptr) {
        own = *table_.of(spec.token);
      } else {
        host = intended(want);
        if (host == nullptr) host = choose_anew(want);
        if (host == nullptr && !fresh) {  // others may have released some
          table_.load(claims_, true);
          fresh = true;
          host = choose_anew(want);
        }
        if (host == nullptr) throw none_for(want);
      }
      claim = claim_on(*host, want);
      if (!own) table_.remember(claim);  // so that no other thread tries it
      done(spec);
    }
    if (own) move_claim(*own, claim);
    if (own || take(claim)) return claim;
  }
}

/// The host that an earlier create of this node claimed, as long as it is still the one wanted;
/// else that one is released.
const Host* InventoryProvider::kept(const WantedHost& want) {
  const auto* claim = table_.of(want.spec.token);
  if (claim == nullptr) return nullptr;
  const auto* host = host_of_claim(*claim, *want.file, table_);
  if (host != nullptr && want.wish.is_for(*host)) return host;
  if (want.spec.stays) {
    throw Error("node '" + want.spec.name + "' has " + called(claim->host, claim->place) +
                ", which is not what '" + want.wish.file + "' and its hints say by now")
        .hint("let these say that host, or take the node out of the definition first");
  }
  for (const auto& place : table_.places_of(want.spec.token)) {
    claims_.release(place, want.spec.token);
    table_.forget(place);
  }
  return nullptr;
}

}  // namespace muster
