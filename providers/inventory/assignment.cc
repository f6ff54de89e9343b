#include "providers/inventory/assignment.h"

#include <algorithm>
#include <numeric>

#include "providers/inventory/exchange.h"
#include "providers/inventory/spread.h"

namespace muster {

namespace {

/// Wants that ask the same.
struct Kind {
  const HostWish* wish = nullptr;
  std::vector<std::size_t> wants;
  std::vector<std::size_t> hosts;  ///< free ones that fit
};

std::vector<Kind> kinds_of(const std::vector<HostWant>& wants) {
  std::vector<Kind> kinds;
  std::map<std::string, std::size_t> known;
  for (std::size_t i = 0; i < wants.size(); ++i) {
    auto [at, fresh] = known.try_emplace(wants[i].wish->key, kinds.size());
    if (fresh) kinds.push_back({wants[i].wish, {}, {}});
    kinds[at->second].wants.push_back(i);
  }
  return kinds;
}

class Assignment {
 public:
  Assignment(const std::vector<Host>& hosts, const std::vector<bool>& free,
             const std::vector<HostWant>& wants, std::map<std::string, GroupPlaces>& groups)
      : hosts_(hosts),
        wants_(wants),
        groups_(groups),
        free_(free),
        given_(wants.size()),
        kinds_(kinds_of(wants)) {
    for (auto& kind : kinds_) {
      for (std::size_t i = 0; i < hosts.size(); ++i) {
        if (free[i] && kind.wish->fits(hosts[i])) kind.hosts.push_back(i);
      }
    }
  }

  std::vector<std::optional<std::size_t>> run() {
    std::vector<std::size_t> order(kinds_.size());
    std::iota(order.begin(), order.end(), 0U);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return kinds_[a].hosts.size() < kinds_[b].hosts.size();
    });
    bool all = true;
    for (auto kind : order) all = serve(kinds_[kind]) && all;
    if (!all) exchange();
    return std::move(given_);
  }

 private:
  /// False when some of them got none.
  bool serve(const Kind& kind) {
    std::vector<std::size_t> left;
    for (auto host : kind.hosts) {
      if (free_[host]) left.push_back(host);
    }
    // Wants of one group come one after the other.
    for (std::size_t i = 0; i < kind.wants.size();) {
      const auto& group = wants_[kind.wants[i]].group;
      std::erase_if(left, [&](std::size_t host) { return !free_[host]; });
      Spread spread(hosts_, left, groups_[group]);
      for (; i < kind.wants.size() && wants_[kind.wants[i]].group == group; ++i) {
        auto host = spread.next();
        if (!host) return false;
        given_[kind.wants[i]] = host;
        free_[*host] = false;
      }
    }
    return true;
  }

  void exchange() {
    std::vector<std::vector<std::size_t>> fitting;
    std::vector<std::size_t> kind_of_want(wants_.size());
    for (std::size_t i = 0; i < kinds_.size(); ++i) {
      fitting.push_back(kinds_[i].hosts);
      for (auto want : kinds_[i].wants) kind_of_want[want] = i;
    }
    exchange_hosts(hosts_.size(), fitting, kind_of_want, given_);
  }

  const std::vector<Host>& hosts_;
  const std::vector<HostWant>& wants_;
  std::map<std::string, GroupPlaces>& groups_;
  std::vector<bool> free_;
  std::vector<std::optional<std::size_t>> given_;
  std::vector<Kind> kinds_;
};

}  // namespace

void GroupPlaces::add(const Host& host) {
  auto& zone = zones[host.zone];
  ++zone.nodes;
  ++zone.racks[host.rack];
}

std::vector<std::optional<std::size_t>> assign_hosts(const std::vector<Host>& hosts,
                                                     const std::vector<bool>& free,
                                                     const std::vector<HostWant>& wants,
                                                     std::map<std::string, GroupPlaces> groups) {
  return Assignment(hosts, free, wants, groups).run();
}

std::string group_of(const std::string& node) {
  auto end = node.find_last_not_of("0123456789");
  if (end == std::string::npos || node[end] != '-' || end + 1 == node.size()) return node;
  return node.substr(0, end);
}

}  // namespace muster
