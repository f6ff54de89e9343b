#include "providers/inventory/claim_table.h"

namespace muster {

namespace {

template <typename Map>
auto find_or_null(const Map& map, const std::string& key) {
  auto found = map.find(key);
  return found == map.end() ? nullptr : &found->second;
}

}  // namespace

void ClaimTable::load(const Claims& claims, bool surely) {
  auto version = claims.version();
  if (loaded_ && !surely && version == version_) return;
  claims_.clear();
  places_.clear();
  damaged_.clear();
  auto found = claims.all();
  for (const auto& claim : found.claims) remember(claim);
  for (const auto& damaged : found.damaged) damaged_[damaged.place] = damaged;
  version_ = version;
  loaded_ = true;
}

void ClaimTable::remember(const Claim& claim) {
  forget(claim.place);
  claims_[claim.place] = claim;
  places_.emplace(claim.token, claim.place);
}

void ClaimTable::forget(const std::string& place) {
  auto found = claims_.find(place);
  if (found == claims_.end()) return;
  auto [first, last] = places_.equal_range(found->second.token);
  for (auto at = first; at != last; ++at) {
    if (at->second != place) continue;
    places_.erase(at);
    break;
  }
  claims_.erase(found);
}

const Claim* ClaimTable::at(const std::string& place) const { return find_or_null(claims_, place); }

const Claim* ClaimTable::of(const std::string& token) const {
  const auto* place = token.empty() ? nullptr : find_or_null(places_, token);
  return place == nullptr ? nullptr : at(*place);
}

std::vector<std::string> ClaimTable::places_of(const std::string& token) const {
  std::vector<std::string> places;
  auto [first, last] = places_.equal_range(token);
  for (auto at = first; at != last; ++at) places.push_back(at->second);
  return places;
}

const DamagedClaim* ClaimTable::damaged_at(const std::string& place) const {
  return find_or_null(damaged_, place);
}

bool ClaimTable::is_taken(const std::string& place) const {
  return claims_.count(place) > 0 || damaged_.count(place) > 0;
}

}  // namespace muster
