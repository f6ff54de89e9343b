#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "inventory/hosts.h"
#include "providers/inventory/wish.h"

namespace muster {

/// A node that wants a host, whichever fits.
struct HostWant {
  const HostWish* wish = nullptr;
  std::string group;  ///< nodes of one group are spread over zones, and over the racks of each
};

/// How many nodes of a group are in each zone, and in each rack of it.
struct GroupPlaces {
  struct Zone {
    int nodes = 0;
    std::map<std::string, int> racks;
  };
  std::map<std::string, Zone> zones;

  void add(const Host& host);
};

/// A host for each of `wants` where that can be, in their order: the index in `hosts`, none twice,
/// and only those that `free` says. The same for the same input.
///
/// Those who can have the fewest hosts choose first. Each takes one in the zone where the fewest of
/// its group are, there in the rack with the fewest, there the first in the order of `hosts`. Who
/// finds none left gets one from others that can have another: nobody goes without as long as there
/// is a way for all.
std::vector<std::optional<std::size_t>> assign_hosts(const std::vector<Host>& hosts,
                                                     const std::vector<bool>& free,
                                                     const std::vector<HostWant>& wants,
                                                     std::map<std::string, GroupPlaces> groups);

/// The nodes that are made of one block: "web" of "web-001".
std::string group_of(const std::string& node);

}  // namespace muster
