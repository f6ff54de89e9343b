#include "provisioner/import/kubespray_groups.h"

#include <algorithm>
#include <map>

#include "provisioner/base/text.h"
#include "provisioner/definition/names.h"

namespace muster {

namespace {

const std::map<std::string, std::string>& names() {
  static const std::map<std::string, std::string> all{{"all", "all"},
                                                      {"ungrouped", "ungrouped"},
                                                      {"kube_control_plane", "kube_control_plane"},
                                                      {"kube-control-plane", "kube_control_plane"},
                                                      {"kube-master", "kube_control_plane"},
                                                      {"kube_master", "kube_control_plane"},
                                                      {"kube_node", "kube_node"},
                                                      {"kube-node", "kube_node"},
                                                      {"etcd", "etcd"},
                                                      {"k8s_cluster", "k8s_cluster"},
                                                      {"k8s-cluster", "k8s_cluster"},
                                                      {"calico_rr", "calico_rr"},
                                                      {"calico-rr", "calico_rr"},
                                                      {"bastion", "bastion"},
                                                      {"no_floating", "no_floating"},
                                                      {"no-floating", "no_floating"}};
  return all;
}

}  // namespace

std::string kubespray_group(const std::string& name) {
  auto at = names().find(name);
  return at == names().end() ? "" : at->second;
}

std::vector<std::string> unknown_groups(const AnsibleInventory& inventory,
                                        const std::vector<std::string>& allowed) {
  std::vector<std::string> known;
  for (const auto& [name, today] : names()) {
    if (name == today) known.push_back(name);
  }
  std::vector<std::string> found;
  for (const auto& group : inventory.groups()) {
    bool fine = !kubespray_group(group.name).empty() ||
                std::find(allowed.begin(), allowed.end(), group.name) != allowed.end();
    if (fine) continue;
    auto near = nearest(group.name, known);
    auto count = inventory.members(group.name).size();
    found.push_back("the group " + shown(group.name) + " (" + count_of(count, "host") +
                    ") means nothing to Kubespray" +
                    (near ? ": did you mean '" + *near + "'?" : ""));
  }
  return found;
}

void add_dynamic_groups(AnsibleInventory& inventory) {
  const auto groups = inventory.groups();
  for (const auto& group : groups) {
    auto today = kubespray_group(group.name);
    if (today.empty() || today == group.name) continue;
    for (const auto& host : inventory.members(group.name)) {
      inventory.add_host(inventory.group(today), host);
    }
  }
  for (const char* part : {"kube_control_plane", "kube_node", "calico_rr"}) {
    for (const auto& host : inventory.members(part)) {
      inventory.add_host(inventory.group("k8s_cluster"), host);
    }
  }
}

}  // namespace muster
