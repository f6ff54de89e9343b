#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "providers/inventory/assignment.h"

namespace muster {

/// Hands out hosts for the nodes of one group, see assign_hosts. Each takes logarithmic time.
class Spread {
 public:
  /// `candidates`: indices in `hosts`, ascending. `group` is kept up with what is handed out; both
  /// must outlive this.
  Spread(const std::vector<Host>& hosts, const std::vector<std::size_t>& candidates,
         GroupPlaces& group);

  std::optional<std::size_t> next();

 private:
  struct Rack {
    int nodes = 0;
    std::vector<std::size_t> hosts;
    std::size_t taken = 0;
  };
  /// By how many nodes are there, then by which host would be next.
  template <typename Part>
  using Order = std::set<std::tuple<int, std::size_t, Part*>>;
  struct Zone {
    int nodes = 0;
    std::map<std::string, Rack> racks;
    Order<Rack> order;
  };

  static void queue(Zone& zone, Rack& rack);
  void queue(Zone& zone);

  const std::vector<Host>& hosts_;
  GroupPlaces& group_;
  std::map<std::string, Zone> zones_;
  Order<Zone> order_;
};

}  // namespace muster
