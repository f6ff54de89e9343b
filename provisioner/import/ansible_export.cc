#include "provisioner/import/ansible_export.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <vector>

#include "inventory/address.h"
#include "provisioner/base/text.h"

namespace muster {

namespace {

using Json = nlohmann::ordered_json;

std::string quoted(const std::vector<std::string>& words) {
  std::vector<std::string> all;
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
      "0123456789-_=./:@,+";
  for (const auto& word : words) {
    bool plain = !word.empty() && word.find_first_not_of(kPlain) == std::string::npos;
    all.push_back(plain ? word : shell_quote(word));
  }
  return join(all, " ");
}

std::string common_arguments(const SshRoute& route) {
  std::vector<std::string> words;
  for (const auto& option : route.options) {
    words.insert(words.end(), {"-o", option.name + "=" + option.value});
  }
  return quoted(words);
}

Json variables_of(const NodeRecord& node, const AnsibleExport& from) {
  const auto& endpoint = node.endpoint;
  const auto route = ssh_route(node, from.files, from.bastions);
  Json vars{
      {"ansible_host", route.address}, {"ansible_port", route.port}, {"ansible_user", route.user}};
  if (!route.key.empty()) vars["ansible_ssh_private_key_file"] = route.key;
  auto arguments = common_arguments(route);
  if (!arguments.empty()) vars["ansible_ssh_common_args"] = arguments;
  if (endpoint.user != "root") vars["ansible_become"] = true;
  if (is_ip_address(endpoint.in_cluster())) vars["ip"] = endpoint.in_cluster();
  vars["muster_deployment"] = from.record.name;
  vars["muster_provider"] = node.provider;
  vars["muster_roles"] = node.wanted_roles;
  if (!node.pod_cidr.empty()) vars["muster_pod_cidr"] = node.pod_cidr;
  return vars;
}

/// Ansible complains of groups with other characters.
std::string group_name(const std::string& role) {
  std::string name;
  for (char c : role) name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  bool digit = !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) != 0;
  return digit ? "role_" + name : name;
}

/// Groups in the order in which they are first seen.
class Groups {
 public:
  void add(const std::string& group, const std::string& host) {
    auto& hosts = groups_[group]["hosts"];
    if (std::find(hosts.begin(), hosts.end(), host) == hosts.end()) hosts.push_back(host);
  }
  void add_child(const std::string& group, const std::string& child) {
    if (groups_.contains(child)) groups_[group]["children"].push_back(child);
  }
  Json take() { return std::move(groups_); }
  const Json& all() const { return groups_; }

 private:
  Json groups_ = Json::object();
};

}  // namespace

std::string ansible_host_json(const NodeRecord& node, const AnsibleExport& from) {
  return variables_of(node, from).dump(2) + "\n";
}

std::string ansible_inventory_json(const AnsibleExport& from) {
  const auto& record = from.record;
  Groups groups;
  Json hosts = Json::object();
  for (const auto& node : record.nodes) {
    if (node.state != NodeState::ready) continue;
    hosts[node.name] = variables_of(node, from);
    groups.add("muster_" + group_name(record.name), node.name);
    for (const auto& role : node.wanted_roles) {
      groups.add(group_name(role), node.name);
      if (role == "k8s-master") groups.add("kube_control_plane", node.name);
      if (role == "k8s-worker") groups.add("kube_node", node.name);
    }
  }
  groups.add_child("k8s_cluster", "kube_control_plane");
  groups.add_child("k8s_cluster", "kube_node");
  Json all = Json::array();
  for (const auto& [name, group] : groups.all().items()) {
    if (name != "kube_control_plane" && name != "kube_node") all.push_back(name);
  }
  Json root;
  root["_meta"]["hostvars"] = hosts;
  root["all"]["children"] = all;
  for (const auto& [name, group] : groups.all().items()) root[name] = group;
  return root.dump(2) + "\n";
}

}  // namespace muster
