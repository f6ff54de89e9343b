#include <algorithm>
#include <optional>
#include <set>

#include "inventory/cluster.h"
#include "inventory/index.h"
#include "provisioner/base/error.h"
#include "provisioner/definition/cidr.h"

namespace muster {

namespace {

/// The networks of a cluster's nodes, handed out once each.
class PodNetworks {
 public:
  PodNetworks(const Cidr& whole, int bits) : whole_(whole), bits_(bits) {}

  void take(const std::string& text) {
    auto cidr = parse_cidr(text);
    if (cidr && cidr->bits == bits_) {
      taken_.insert(cidr->network);
    } else if (cidr) {
      others_.push_back(*cidr);
    }
  }
  std::optional<std::string> first_free() {
    auto count = std::uint64_t{1} << (bits_ - whole_.bits);
    for (; next_ < count; ++next_) {
      auto part = whole_.part(next_, bits_);
      bool overlaps = std::any_of(others_.begin(), others_.end(),
                                  [&](const Cidr& other) { return other.overlaps(part); });
      if (!overlaps && taken_.insert(part.network).second) return part.text();
    }
    return std::nullopt;
  }

 private:
  Cidr whole_;
  int bits_;
  std::set<std::uint32_t> taken_;
  std::vector<Cidr> others_;  ///< of another size: the definition has changed
  std::uint64_t next_ = 0;
};

}  // namespace

void keep_pod_cidrs(Cluster& cluster, const DeploymentRecord& record) {
  if (!cluster.kubernetes) return;
  auto whole = parse_cidr(cluster.settings.pod_cidr);
  auto bits = cluster.settings.node_prefix;
  if (!whole || bits < whole->bits) return;  // expand has reported it
  PodNetworks staying(*whole, bits);
  PodNetworks all(*whole, bits);
  const auto wanted = index_of(cluster);
  const auto recorded = index_of(record);
  for (const auto& known : record.nodes) {
    all.take(known.pod_cidr);
    if (find_in(wanted, known.name) != nullptr) staying.take(known.pod_cidr);
  }
  for (auto& node : cluster.nodes) {
    const auto* known = find_in(recorded, node.name);
    if (known != nullptr && !known->pod_cidr.empty()) {
      node.pod_cidr = known->pod_cidr;
      continue;
    }
    auto free = all.first_free();
    if (free) {
      staying.take(*free);
    } else {
      free = staying.first_free();
    }
    if (!free) {
      throw Error("no part of the pod network " + cluster.settings.pod_cidr + " is free for '" +
                  node.name + "'")
          .hint("use a larger k8s-kube_pod_subnet");
    }
    node.pod_cidr = *free;
  }
}

}  // namespace muster
