// What HostPlan says when there is no host for somebody.
#include <algorithm>
#include <set>

#include "providers/inventory/host_plan.h"
#include "provisioner/base/text.h"

namespace muster {

namespace {

/// More than this nobody reads.
constexpr std::size_t kMostObjections = 20;

std::string hosts_text(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " host" : " hosts");
}

std::string with_text(const HostWish& wish) {
  return wish.key.empty() ? "" : " with " + wish.text();
}

/// The values that the file's hosts have for the first label that no host has as wanted; empty
/// when it is not a label that is missing.
std::string other_values(const HostsFile& file, const HostWish& wish) {
  auto labels = wish.labels;
  if (!wish.zone.empty()) labels[kZoneLabel] = wish.zone;
  if (!wish.rack.empty()) labels[kRackLabel] = wish.rack;
  for (const auto& [key, value] : labels) {
    std::set<std::string> values;
    for (const auto& host : file.hosts) {
      auto found = host.labels.find(key);
      if (found != host.labels.end()) values.insert(found->second);
    }
    if (values.count(value) > 0) continue;
    if (values.empty()) return "; no host has '" + key + "'";
    constexpr std::size_t kMost = 10;
    std::vector<std::string> some(values.begin(), values.end());
    if (some.size() > kMost) some.resize(kMost);
    return "; '" + key + "' is " + join(some, ", ") + (values.size() > kMost ? ", ..." : "");
  }
  return "";
}

}  // namespace

std::string called(const std::string& host, const std::string& place) {
  return "the host '" + host + "' (" + place + ")";
}

std::string in_use(const std::string& host, const Claim& claim) {
  return called(host, claim.place) + " is in use by node '" + claim.node + "' of deployment '" +
         claim.deployment + "'; name another one, or destroy that one first: muster destroy " +
         claim.deployment;
}

std::string unknown_host(const std::string& host, const HostsFile& file) {
  std::vector<std::string> names;
  for (const auto& known : file.hosts) names.push_back(known.name);
  auto near = nearest(host, names);
  return "'" + file.name + "' has no host '" + host + "'" +
         (near ? "; did you mean '" + *near + "'?" : "");
}

std::string none_free(const HostsFile& file, const HostWish& wish, const ClaimTable& claims,
                      const std::set<std::string>& named) {
  std::map<std::string, std::size_t> used;
  std::size_t all = 0;
  std::size_t damaged = 0;
  std::size_t asked_for = 0;
  std::size_t free = 0;
  for (std::size_t i = 0; i < file.hosts.size(); ++i) {
    if (!wish.fits(file.hosts[i])) continue;
    ++all;
    const auto& place = file.places[i];
    if (const auto* claim = claims.at(place)) {
      ++used[claim->deployment];
    } else if (claims.damaged_at(place) != nullptr) {
      ++damaged;
    } else {
      ++(named.count(place) > 0 ? asked_for : free);
    }
  }
  std::vector<std::string> why;
  for (const auto& [deployment, count] : used) {
    why.push_back(std::to_string(count) + " used by deployment '" + deployment + "'");
  }
  if (damaged > 0) why.push_back(std::to_string(damaged) + " with a damaged claim");
  if (asked_for > 0) why.push_back(std::to_string(asked_for) + " asked for by name");
  if (all == 0 && !file.hosts.empty()) {
    return "'" + file.name + "' has no host" + with_text(wish) + other_values(file, wish);
  }
  return "'" + file.name + "' has " + hosts_text(all) + with_text(wish) + ", " +
         std::to_string(free) + " of them free" + (why.empty() ? "" : " (" + join(why, ", ") + ")");
}

std::vector<std::string> HostPlan::objections() const {
  std::vector<std::string> objections;
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    if (hosts_[i] == nullptr && !wanted_[i].wish.host.empty()) object_to_named(i, objections);
  }
  object_to_any(objections);
  if (objections.size() > kMostObjections) {
    auto more = objections.size() - kMostObjections;
    objections.resize(kMostObjections);
    objections.push_back("... and " + std::to_string(more) + " more like these");
  }
  return objections;
}

void HostPlan::object_to_named(std::size_t number, std::vector<std::string>& objections) const {
  const auto& [spec, wish, file] = wanted_[number];
  const auto* host = file->find_name(wish.host);
  if (host == nullptr) {
    // To look for one that is alike takes time.
    if (objections.size() < kMostObjections) objections.push_back(unknown_host(wish.host, *file));
    return;
  }
  const auto& place = file->place(*host);
  const auto* claim = claims_.at(place);
  if (!wish.fits(*host)) {
    objections.push_back(called(host->name, place) + " is named for node '" + spec.name +
                         "', whose hints ask for what it does not have: " + wish.lacking(*host));
  } else if (claim != nullptr && claim->token != spec.token) {
    objections.push_back(in_use(host->name, *claim));
  } else if (const auto* damaged = claims_.damaged_at(place)) {
    objections.push_back(called(host->name, place) + ": " + damaged->message() + "; " +
                         damaged->hint());
  } else {
    objections.push_back(called(host->name, place) + " is wanted for two nodes");
  }
}

/// One line for all that want the same of one file.
void HostPlan::object_to_any(std::vector<std::string>& objections) const {
  struct Short {
    const WantedHost* first = nullptr;
    std::size_t wanted = 0;
    std::size_t without = 0;
  };
  std::map<std::pair<std::string, std::string>, Short> kinds;
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    const auto& want = wanted_[i];
    if (!want.wish.host.empty() || (hosts_[i] != nullptr && claims_.of(want.spec.token))) continue;
    auto& kind = kinds[{want.file->source, want.wish.key}];
    if (kind.first == nullptr) kind.first = &want;
    ++kind.wanted;
    if (hosts_[i] == nullptr) ++kind.without;
  }
  for (const auto& [key, kind] : kinds) {
    if (kind.without == 0) continue;
    const auto& [spec, wish, file] = *kind.first;
    auto have = kind.wanted - kind.without;
    objections.push_back(hosts_text(kind.wanted) + with_text(wish) +
                         (kind.wanted == 1 ? " is wanted: " : " are wanted: ") +
                         none_free(*file, wish, claims_, named_) +
                         (have > 0 && kinds.size() > 1
                              ? "; the other nodes leave " + std::to_string(have) + " of them"
                              : ""));
  }
}

}  // namespace muster
