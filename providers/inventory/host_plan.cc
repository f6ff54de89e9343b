#include "providers/inventory/host_plan.h"

#include <algorithm>
#include <utility>

namespace muster {

const Host* host_of_claim(const Claim& claim, const HostsFile& file, const ClaimTable& claims) {
  const Host* host = claim.source == file.source ? file.find_name(claim.host) : nullptr;
  if (host == nullptr) host = file.find_place(claim.place);
  if (host == nullptr) return nullptr;
  const auto& place = file.place(*host);
  if (place == claim.place || !claims.is_taken(place)) return host;
  const auto* other = claims.at(place);
  return other != nullptr && other->token == claim.token ? host : nullptr;
}

HostPlan::HostPlan(const std::vector<WantedHost>& wanted, const ClaimTable& claims,
                   std::set<std::string> avoided)
    : wanted_(wanted), claims_(claims), avoided_(std::move(avoided)), hosts_(wanted.size()) {
  give_own();
  give_named();
  give_any();
}

bool HostPlan::give(std::size_t number, const Host& host) {
  if (!given_.insert(wanted_[number].file->place(host)).second) return false;
  hosts_[number] = &host;
  return true;
}

void HostPlan::give_own() {
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    const auto& [spec, wish, file] = wanted_[i];
    const auto* claim = claims_.of(spec.token);
    const auto* host = claim == nullptr ? nullptr : host_of_claim(*claim, *file, claims_);
    if (host != nullptr && wish.is_for(*host)) give(i, *host);
  }
}

void HostPlan::give_named() {
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    const auto& [spec, wish, file] = wanted_[i];
    const auto* host = wish.host.empty() ? nullptr : file->find_name(wish.host);
    if (host == nullptr) continue;
    const auto& place = file->place(*host);
    named_.insert(place);
    if (hosts_[i] == nullptr && !claims_.is_taken(place) && wish.fits(*host)) give(i, *host);
  }
}

void HostPlan::give_any() {
  std::vector<std::pair<FilePtr, std::vector<std::size_t>>> by_file;
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    if (hosts_[i] != nullptr || !wanted_[i].wish.host.empty()) continue;
    const auto& file = wanted_[i].file;
    auto known = std::find_if(by_file.begin(), by_file.end(),
                              [&](const auto& other) { return other.first == file; });
    if (known == by_file.end()) known = by_file.insert(known, {file, {}});
    known->second.push_back(i);
  }
  for (const auto& [file, wants] : by_file) give_any_of(*file, wants);
}

void HostPlan::give_any_of(const HostsFile& file, const std::vector<std::size_t>& numbers) {
  std::vector<HostWant> wants;
  for (auto number : numbers) {
    wants.push_back({&wanted_[number].wish, group_of(wanted_[number].spec.name)});
  }
  auto free_but = [&](const std::set<std::string>& avoided) {
    std::vector<bool> free(file.hosts.size());
    for (std::size_t i = 0; i < free.size(); ++i) {
      const auto& place = file.places[i];
      free[i] = !claims_.is_taken(place) && given_.count(place) == 0 && named_.count(place) == 0 &&
                avoided.count(place) == 0;
    }
    return free;
  };
  const auto groups = groups_in(file);
  auto found = assign_hosts(file.hosts, free_but(avoided_), wants, groups);
  bool all = std::all_of(found.begin(), found.end(), [](const auto& host) { return host; });
  if (!all && !avoided_.empty()) found = assign_hosts(file.hosts, free_but({}), wants, groups);
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i]) give(numbers[i], file.hosts[*found[i]]);
  }
}

/// Where nodes of the same deployment and block are already.
std::map<std::string, GroupPlaces> HostPlan::groups_in(const HostsFile& file) const {
  std::map<std::string, GroupPlaces> groups;
  const auto& tag = wanted_.front().spec.tag;
  for (const auto& [place, claim] : claims_.all()) {
    const auto* host = claim.tag == tag ? file.find_place(place) : nullptr;
    if (host != nullptr) groups[group_of(claim.node)].add(*host);
  }
  return groups;
}

}  // namespace muster
