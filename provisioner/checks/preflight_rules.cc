// What nodes need, what shows when they are held against each other, and what an apply makes of it.
#include "provisioner/checks/preflight_rules.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "inventory/address.h"
#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/checks/clock_limits.h"

namespace muster {

namespace {

/// More nobody reads.
constexpr std::size_t kMostReasons = 20;

std::vector<PortNeed> ports_of(const std::string& role, const ClusterSettings& settings) {
  if (role == "etcd") {
    return {{2379, false, "etcd"}, {2380, false, "etcd"}, {2381, true, "etcd's metrics"}};
  }
  if (role == "kube-control-plane") {
    return {{settings.api_port, false, "kube-apiserver"},
            {10257, true, "kube-controller-manager"},
            {10259, true, "kube-scheduler"}};
  }
  if (role == "kube-node") {
    return {{10250, false, "kubelet"},
            {10248, true, "kubelet's health"},
            {10249, true, "kube-proxy's metrics"},
            {10256, true, "kube-proxy's health"}};
  }
  if (role == "api-balancer") return {{settings.balancer_port, true, "the API balancer"}};
  return {};
}

void add_needs_of_tasks(const Role& role, NodeNeeds& needs) {
  for (const auto& task : role.tasks) {
    auto own = needs_of(task);
    needs.artifacts.insert(needs.artifacts.end(), own.artifacts.begin(), own.artifacts.end());
    // Whether a task with a condition is done, only a node can tell.
    if (!task.when.empty()) continue;
    needs.packages = needs.packages || own.package_manager;
    for (auto& [family, names] : own.packages) needs.package_names[family].merge(names);
  }
}

/// Says it of each node that has the same as an earlier one.
void find_twins(std::vector<Answered>& nodes, const Finding& finding,
                const std::function<std::string(const Sighting&)>& mark) {
  std::map<std::string, std::string> known;
  for (auto& node : nodes) {
    auto value = mark(node.look->seen);
    if (!node.needs->kubernetes || value.empty()) continue;
    auto [first, fresh] = known.emplace(value, node.findings->node);
    if (fresh) continue;
    auto said = finding;
    said.detail += " '" + first->second + "'";
    node.findings->findings.push_back(said);
  }
}

void find_twins(std::vector<Answered>& nodes) {
  find_twins(nodes,
             {Level::error, "identity", "it is the same machine as", "give it a host of its own"},
             [](const Sighting& seen) {
               // Without its namespace it is no mark: containers share the kernel.
               return seen.boot.find(' ') < seen.boot.size() - 1 ? seen.boot : "";
             });
  find_twins(nodes,
             {Level::warning, "identity", "it has the hostname of",
              "give each host a name of its own: hostnamectl set-hostname NAME"},
             [](const Sighting& seen) { return seen.hostname; });
  find_twins(nodes,
             {Level::warning, "identity", "it has the machine id of",
              "it is a clone: remove /etc/machine-id, run systemd-machine-id-setup, reboot"},
             [](const Sighting& seen) { return seen.machine_id; });
  find_twins(nodes,
             {Level::warning, "identity", "it has the hardware id (product_uuid) of",
              "give the virtual machine an id of its own where it is defined"},
             [](const Sighting& seen) { return seen.product_uuid; });
}

/// The device with the smallest MTU, when they are not all alike.
void compare_mtus(std::vector<Answered>& nodes) {
  const Answered* least = nullptr;
  const Answered* most = nullptr;
  for (auto& node : nodes) {
    int mtu = node.look->seen.mtu;
    if (mtu == 0) continue;
    if (least == nullptr || mtu < least->look->seen.mtu) least = &node;
    if (most == nullptr || mtu > most->look->seen.mtu) most = &node;
  }
  if (least == nullptr || least->look->seen.mtu == most->look->seen.mtu) return;
  const auto& small = least->look->seen;
  least->findings->findings.push_back(
      {Level::warning, "mtu",
       small.device + " takes packets of " + std::to_string(small.mtu) + " bytes, that of '" +
           most->findings->node + "' of " + std::to_string(most->look->seen.mtu),
       "give all nodes the same MTU: big packets may get lost on the way"});
}

struct Told {
  const Answered* node = nullptr;
  ClockOffset offset;
};

void compare_clocks(std::vector<Answered>& nodes) {
  std::vector<Told> told;
  for (const auto& node : nodes) {
    if (auto offset = clock_offset(*node.look)) told.push_back({&node, *offset});
  }
  if (told.size() < 2) return;
  auto by_middle = [](const Told& a, const Told& b) {
    return a.offset.middle() < b.offset.middle();
  };
  auto [first, last] = std::ranges::minmax_element(told, by_middle);
  double apart = last->offset.least - first->offset.most;
  bool all_wrong =
      std::ranges::all_of(told, [](const Told& one) { return one.offset.surely() > kClockError; });
  if (all_wrong && apart < kClockWarning) {
    for (const auto& one : told) {
      for (auto& finding : one.node->findings->findings) {
        if (finding.check == "clock") finding.remedy = "all hosts agree: set this machine's clock";
      }
    }
    return;
  }
  if (apart <= kClockWarning) return;
  bool last_is_off = std::abs(last->offset.middle()) >= std::abs(first->offset.middle());
  const auto& off = last_is_off ? *last : *first;
  const auto& other = last_is_off ? *first : *last;
  auto level = apart > kClockError ? Level::error : Level::warning;
  auto& said = off.node->findings->findings;
  if (std::ranges::any_of(said, [&](const Finding& finding) {
        return finding.check == "clock" && finding.level >= level;
      })) {
    return;  // it is off from ours as well
  }
  said.push_back({level, "clock",
                  "its clock is " +
                      format_duration(to_tenths(off.offset.middle() - other.offset.middle())) +
                      (last_is_off ? " ahead of" : " behind") + " that of '" +
                      other.node->findings->node + "'",
                  kClockRemedy});
}

}  // namespace

NodeNeeds needs_of(const Cluster& cluster, const Node& node, const std::vector<Role>& roles,
                   const NodeRecord* record) {
  NodeNeeds needs;
  needs.kubernetes = node.is_of_kubernetes();
  needs.bridge = cluster.settings.network_plugin == "bridge";
  if (cluster.kubernetes) needs.networks = networks_of(cluster.settings);
  needs.pod_bits = cluster.settings.node_prefix;
  needs.own = record != nullptr && !record->roles.empty();
  for (const auto& name : node.all_roles) {
    if (const Role* role = find_role(roles, name)) add_needs_of_tasks(*role, needs);
    if (record != nullptr && record->find_role(name) != nullptr) continue;
    needs.etcd = needs.etcd || name == "etcd";
    needs.control_plane = needs.control_plane || name == "kube-control-plane";
    needs.pods = needs.pods || name == "kube-node";
    auto ports = ports_of(name, cluster.settings);
    needs.ports.insert(needs.ports.end(), ports.begin(), ports.end());
  }
  return needs;
}

PreflightQuestions questions_for(const NodeNeeds& needs) {
  PreflightQuestions questions;
  questions.kubernetes = needs.kubernetes;
  if (is_ipv4_address(needs.address)) questions.address = needs.address;
  for (const auto& need : needs.ports) questions.ports.push_back(need.port);
  if (needs.has_packages) questions.packages = needs.package_names;
  return questions;
}

double ClockOffset::surely() const {
  if (least > 0) return least;
  return most < 0 ? -most : 0;
}

std::optional<ClockOffset> clock_offset(const Look& look) {
  if (!look.seen.clock || look.heard <= 0) return std::nullopt;
  double told = *look.seen.clock;
  return ClockOffset{told - look.heard, told + (look.seen.clock_is_whole ? 1 : 0) - look.asked};
}

void judge_together(std::vector<Answered>& nodes) {
  find_twins(nodes);
  compare_mtus(nodes);
  compare_clocks(nodes);
}

void forgive_unreachable(std::vector<Finding>& findings) {
  for (auto& finding : findings) {
    if (!finding.unreachable) continue;
    finding.level = Level::warning;
    finding.remedy = "its node will fail, and the others go on; " + finding.remedy;
  }
}

void refuse_errors(const std::string& deployment, const std::vector<HostFindings>& hosts) {
  std::vector<std::string> reasons;
  for (const auto& host : hosts) {
    for (const auto& finding : host.findings) {
      if (finding.level != Level::error) continue;
      reasons.push_back("'" + host.node + "' (" + host.place + "): " + finding.check + ": " +
                        finding.detail +
                        (finding.remedy.empty() ? "" : "; remedy: " + finding.remedy));
    }
  }
  if (reasons.empty()) return;
  Error error("the hosts of '" + deployment +
              "' are not fit: " + count_of(reasons.size(), "error"));
  for (std::size_t i = 0; i < std::min(reasons.size(), kMostReasons); ++i) error.hint(reasons[i]);
  if (reasons.size() > kMostReasons) {
    error.hint("... and " + std::to_string(reasons.size() - kMostReasons) + " more");
  }
  throw error.hint("see all: muster check FILE; to apply in spite of it: --skip-check");
}

}  // namespace muster
