#include "provisioner/checks/preflight_networks.h"

#include <algorithm>

namespace muster {

namespace {

/// One network against what a host told.
class NetworkJudge {
 public:
  NetworkJudge(const NodeNeeds& needs, const Sighting& seen, const ClusterNetwork& network)
      : needs_(needs), seen_(seen), network_(network) {}

  /// The worst that is to be said of it.
  std::optional<Finding> finding() {
    take(seen_.asker, "the address that it is reached from");
    for (const auto& address : seen_.addresses) {
      // A node that has pods has an address among them.
      if (!needs_.own) take(address, "its own address");
    }
    for (const auto& route : seen_.routes) {
      take(route.gateway, "its gateway on " + route.device);
      look_at(route);
    }
    for (const auto& server : seen_.name_servers) take(server, "its name server");
    return std::move(worst_);
  }

 private:
  void say(Level level, const std::string& detail) {
    if (worst_ && worst_->level >= level) return;
    worst_ = Finding{level, "networks", detail,
                     "give the cluster another range: " + network_.attrib, false};
  }

  void take(const std::string& place, const std::string& what) {
    if (!network_.takes(place)) return;
    say(Level::error,
        network_.name + " " + network_.range.text() + " takes " + place + ", " + what);
  }

  void look_at(const RouteSeen& route) {
    auto to = parse_cidr(route.to);
    if (!to || to->bits == 0 || !to->overlaps(network_.range)) return;
    const auto on = "its network " + route.to + " on " + route.device;
    if (network_.range.contains(*to)) {
      // To its own pods, and to those of other nodes.
      if (!needs_.own || to->bits < needs_.pod_bits) take(route.to, on);
    } else {
      say(Level::warning, network_.name + " " + network_.range.text() + " is a part of " + on +
                              ": whoever has an address of both is out of reach");
    }
  }

  const NodeNeeds& needs_;
  const Sighting& seen_;
  const ClusterNetwork& network_;
  std::optional<Finding> worst_;
};

}  // namespace

void judge_networks(const NodeNeeds& needs, const Sighting& seen, std::vector<Finding>& findings) {
  const auto before = findings.size();
  for (const auto& network : needs.networks) {
    if (auto finding = NetworkJudge(needs, seen, network).finding()) findings.push_back(*finding);
  }
  if (findings.size() == before && !seen.routes.empty()) {
    findings.push_back({Level::ok, "networks", "pods and Services have networks of their own", ""});
  }
}

}  // namespace muster
