#include "providers/inventory/exchange.h"

#include <deque>
#include <map>
#include <utility>

namespace muster {

namespace {

/// Hosts that fit the same kinds are alike, so paths are searched among these classes: there are
/// few, however many hosts there are.
struct HostClass {
  std::vector<std::size_t> free;  ///< the next one is the last
  std::map<std::size_t, std::vector<std::size_t>>
      wants_of;  ///< kind -> wants that have one of these
};

class Exchange {
 public:
  Exchange(std::size_t hosts, const std::vector<std::vector<std::size_t>>& fitting,
           const std::vector<std::size_t>& kind_of, std::vector<std::optional<std::size_t>>& given)
      : kind_of_(kind_of), given_(given), classes_of_kind_(fitting.size()) {
    sort_into_classes(hosts, fitting);
    std::vector<bool> taken(hosts);
    for (std::size_t want = 0; want < given.size(); ++want) {
      if (!given[want]) continue;
      taken[*given[want]] = true;
      classes_[class_of_[*given[want]]].wants_of[kind_of[want]].push_back(want);
    }
    for (auto host = hosts; host-- > 0;) {
      if (!taken[host] && class_of_[host] != kNone) classes_[class_of_[host]].free.push_back(host);
    }
  }

  void run() {
    std::vector<bool> hopeless(classes_of_kind_.size());
    for (std::size_t want = 0; want < given_.size(); ++want) {
      auto kind = kind_of_[want];
      if (given_[want] || hopeless[kind]) continue;
      if (!serve(want)) hopeless[kind] = true;  // nor will it be different for its like
    }
  }

 private:
  static constexpr auto kNone = static_cast<std::size_t>(-1);
  struct Origin {
    std::size_t kind = kNone;
    std::size_t host_class = kNone;
  };

  void sort_into_classes(std::size_t hosts, const std::vector<std::vector<std::size_t>>& fitting) {
    std::vector<std::vector<std::size_t>> kinds(hosts);
    for (std::size_t kind = 0; kind < fitting.size(); ++kind) {
      for (auto host : fitting[kind]) kinds[host].push_back(kind);
    }
    std::map<std::vector<std::size_t>, std::size_t> known;
    class_of_.assign(hosts, kNone);
    for (std::size_t host = 0; host < hosts; ++host) {
      if (kinds[host].empty()) continue;
      auto [at, fresh] = known.try_emplace(kinds[host], classes_.size());
      class_of_[host] = at->second;
      if (!fresh) continue;
      classes_.emplace_back();
      for (auto kind : kinds[host]) classes_of_kind_[kind].push_back(at->second);
    }
  }

  /// Searches a chain of kinds, each of which can take a host of the next one's, to a free host.
  bool serve(std::size_t want) {
    auto first = kind_of_[want];
    std::vector<Origin> from(classes_of_kind_.size());
    std::vector<bool> seen(classes_of_kind_.size());
    std::deque<std::size_t> open{first};
    seen[first] = true;
    while (!open.empty()) {
      auto kind = open.front();
      open.pop_front();
      for (auto host_class : classes_of_kind_[kind]) {
        auto& hosts = classes_[host_class];
        if (!hosts.free.empty()) {
          auto host = hosts.free.back();
          hosts.free.pop_back();
          move_along(want, kind, host, from);
          return true;
        }
        for (const auto& [other, wants] : hosts.wants_of) {
          if (wants.empty() || seen[other]) continue;
          seen[other] = true;
          from[other] = {kind, host_class};
          open.push_back(other);
        }
      }
    }
    return false;
  }

  /// The last kind of the chain takes the free host and leaves its own to the one before it.
  void move_along(std::size_t want, std::size_t kind, std::size_t host,
                  const std::vector<Origin>& from) {
    while (from[kind].kind != kNone) {
      auto [before, host_class] = from[kind];
      auto& wants = classes_[host_class].wants_of[kind];
      auto moved = wants.back();
      wants.pop_back();
      auto left = *given_[moved];
      give(moved, host);
      host = left;
      kind = before;
    }
    give(want, host);
  }

  void give(std::size_t want, std::size_t host) {
    given_[want] = host;
    classes_[class_of_[host]].wants_of[kind_of_[want]].push_back(want);
  }

  const std::vector<std::size_t>& kind_of_;
  std::vector<std::optional<std::size_t>>& given_;
  std::vector<std::vector<std::size_t>> classes_of_kind_;
  std::vector<HostClass> classes_;
  std::vector<std::size_t> class_of_;  // of each host
};

}  // namespace

void exchange_hosts(std::size_t hosts, const std::vector<std::vector<std::size_t>>& fitting,
                    const std::vector<std::size_t>& kind_of,
                    std::vector<std::optional<std::size_t>>& given) {
  Exchange(hosts, fitting, kind_of, given).run();
}

}  // namespace muster
