#include "providers/inventory/spread.h"

namespace muster {

Spread::Spread(const std::vector<Host>& hosts, const std::vector<std::size_t>& candidates,
               GroupPlaces& group)
    : hosts_(hosts), group_(group) {
  for (auto host : candidates)
    zones_[hosts[host].zone].racks[hosts[host].rack].hosts.push_back(host);
  for (auto& [name, zone] : zones_) {
    auto& before = group_.zones[name];
    zone.nodes = before.nodes;
    for (auto& [rack_name, rack] : zone.racks) {
      rack.nodes = before.racks[rack_name];
      queue(zone, rack);
    }
    queue(zone);
  }
}

std::optional<std::size_t> Spread::next() {
  if (order_.empty()) return std::nullopt;
  auto& zone = *std::get<Zone*>(*order_.begin());
  order_.erase(order_.begin());
  auto& rack = *std::get<Rack*>(*zone.order.begin());
  zone.order.erase(zone.order.begin());
  auto host = rack.hosts[rack.taken++];
  ++rack.nodes;
  ++zone.nodes;
  group_.add(hosts_[host]);
  queue(zone, rack);
  queue(zone);
  return host;
}

void Spread::queue(Zone& zone, Rack& rack) {
  if (rack.taken < rack.hosts.size()) {
    zone.order.emplace(rack.nodes, rack.hosts[rack.taken], &rack);
  }
}

void Spread::queue(Zone& zone) {
  if (!zone.order.empty()) {
    order_.emplace(zone.nodes, std::get<std::size_t>(*zone.order.begin()), &zone);
  }
}

}  // namespace muster
