#include "provisioner/classroom/handout.h"

#include <algorithm>

namespace muster {

namespace {

/// Ready, so that it has an address.
const NodeRecord* first_node(const DeploymentRecord& record) {
  for (const auto& node : record.nodes) {
    if (node.state == NodeState::ready) return &node;
  }
  return nullptr;
}

}  // namespace

std::string ssh_config_text(const Cluster& cluster, const DeploymentRecord& record,
                            const BastionKeys& bastions) {
  std::string text =
      "# ssh -F ssh_config NODE, in this folder. It takes your own key; name it when "
      "ssh does not find it:\n# ssh -F ssh_config -i ~/.ssh/id_ed25519 NODE\n";
  if (std::ranges::any_of(record.nodes,
                          [](const NodeRecord& node) { return !node.endpoint.bastion.empty(); })) {
    text +=
        "# A bastion on the way takes a key that ssh finds by itself: ssh-add, or ~/.ssh/config.\n";
  }
  for (auto node : record.nodes) {
    if (node.state != NodeState::ready) continue;
    node.endpoint.user = cluster.settings.login_user;
    node.endpoint.identity = kUserIdentity;
    const auto route = ssh_route(node, {"", "known_hosts", ""}, bastions);
    text += "\nHost " + node.name + "\n  HostName " + route.address + "\n  Port " +
            std::to_string(route.port) + "\n  User " + route.user + "\n";
    for (const auto& option : route.options) {
      text += "  " + option.name + " " + option.value + "\n";
    }
    if (node.endpoint.host_key.empty()) text += "  StrictHostKeyChecking accept-new\n";
  }
  return text;
}

std::string known_hosts_text(const DeploymentRecord& record, const BastionKeys& bastions) {
  std::string text;
  for (const auto& node : record.nodes) {
    const auto& endpoint = node.endpoint;
    if (node.state != NodeState::ready || !endpoint.has_key()) continue;
    text += node.name + "," + known_host(endpoint) + " " + endpoint.host_key + "\n";
  }
  return text + bastion_keys_text(record, bastions);
}

std::string handout_readme(const Cluster& cluster, const DeploymentRecord& record) {
  const auto* first = first_node(record);
  const auto ssh = "ssh -F ssh_config " + (first == nullptr ? std::string("NODE") : first->name);
  std::string text = "# " + record.name + "\n\n";
  text += cluster.kubernetes ? "This Kubernetes cluster is yours, and nobody else's but your "
                               "instructor's. In this folder, type:\n\n"
                             : "These machines are yours, and nobody else's but your "
                               "instructor's. In this folder, type:\n\n";
  text += "```\n";
  if (cluster.kubernetes) text += "export KUBECONFIG=\"$PWD/kubeconfig\"\nkubectl get nodes\n";
  text += ssh + "\n```\n\n";
  if (cluster.kubernetes) {
    text +=
        "- `kubeconfig` makes you the cluster's administrator. Whoever has this file is too: "
        "keep it to\n  yourself.\n";
  }
  text += "- `ssh` logs you in as `" + cluster.settings.login_user + "`";
  if (cluster.settings.login_user != "root") text += ", and `sudo` makes you root there";
  text += ". It takes the key\n  whose public half you gave to your instructor.\n";
  text += "- `known_hosts` has the machines' keys, so that ssh knows them. Your nodes:\n\n";
  text += "| node | address | roles |\n| --- | --- | --- |\n";
  for (const auto& node : record.nodes) {
    std::string roles;
    for (const auto& role : node.wanted_roles) roles += (roles.empty() ? "" : ", ") + role;
    text += "| " + node.name + " | " + node.endpoint.address + " | " + roles + " |\n";
  }
  return text;
}

}  // namespace muster
