#include "provisioner/import/kubespray.h"

#include <algorithm>
#include <map>
#include <set>

#include "provisioner/base/text.h"
#include "provisioner/definition/indented_json.h"
#include "provisioner/definition/names.h"
#include "provisioner/import/kubespray_cluster.h"
#include "provisioner/import/kubespray_groups.h"
#include "provisioner/import/kubespray_hosts.h"

namespace muster {

namespace {

namespace fs = std::filesystem;
using enum ImportFate;

Value object() {
  Value value;
  value.kind = Value::Kind::object;
  return value;
}

Value list_of(const std::vector<std::string>& texts) {
  Value value;
  value.kind = Value::Kind::list;
  for (const auto& text : texts) value.items.push_back(Value::of(text));
  return value;
}

void put(Value& to, const std::string& key, Value value) {
  to.members.push_back({key, {}, std::move(value)});
}

/// "mycluster" of "inventory/mycluster/hosts.yaml".
std::string name_of(const fs::path& folder) {
  auto path = fs::absolute(folder).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  auto name = as_name_part(path.filename().string());
  return check_label(name) ? "kubespray" : name;
}

/// What a host is, and in which order hosts come.
struct Member {
  std::string host;
  std::vector<std::string> roles;
};

class Importer {
 public:
  Importer(AnsibleInventory inventory, const KubesprayOptions& options, KubesprayImport& result)
      : inventory_(std::move(inventory)), options_(options), result_(result) {}

  void run() {
    check_groups();
    if (!result_.errors.empty()) return;
    add_dynamic_groups(inventory_);
    find_members();
    if (!result_.errors.empty()) return;
    const AnsibleScope scope(inventory_);
    std::vector<HostScope> scopes;
    for (const auto& member : members_) scopes.push_back(scope.of(member.host));
    auto bastion = import_bastion(inventory_, scope, report());
    for (const auto& own : scopes) {
      hosts_.push_back(import_host(own, bastion, report(), result_.errors));
    }
    check_names();
    auto cluster = import_cluster(scopes, report());
    tell_rest();
    if (!result_.errors.empty()) return;
    result_.hosts = hosts_yaml(hosts_, inventory_.folder.string());
    result_.definition = indented_json(definition(cluster)) + "\n";
  }

 private:
  ImportReport& report() { return result_.report; }

  void check_groups() {
    result_.errors = unknown_groups(inventory_, options_.allowed_groups);
    if (result_.errors.empty()) return;
    std::string typed;
    for (const auto& group : inventory_.groups()) {
      if (!kubespray_group(group.name).empty()) continue;
      const auto& allowed = options_.allowed_groups;
      if (std::find(allowed.begin(), allowed.end(), group.name) == allowed.end()) {
        typed += " --allow-group " + shell_quote(group.name);
      }
    }
    result_.hints.push_back("correct the names, or say that they mean nothing to the cluster:" +
                            typed);
  }

  void find_members() {
    auto masters = inventory_.members("kube_control_plane");
    auto etcd = inventory_.members("etcd");
    auto workers = inventory_.members("kube_node");
    if (masters.empty()) {
      result_.errors.emplace_back("no host is in the group 'kube_control_plane'");
      result_.hints.emplace_back(
          "that is where Kubespray has its control planes (once "
          "'kube-master')");
      return;
    }
    tell_group("kube_control_plane", masters, "the roles k8s-master and k8s-addons");
    if (etcd.empty()) {
      report().add(mapped, "group etcd", "it is empty: the control planes get the role etcd");
      etcd = masters;
    } else {
      tell_group("etcd", etcd, "the role etcd");
    }
    tell_group("kube_node", workers, "the role k8s-worker");
    add_role(etcd, masters, "etcd");
    add_role(masters, {}, "k8s-master");
    add_role(workers, {}, "k8s-worker");
    add_role(masters, {}, "k8s-addons");
  }

  void tell_group(const std::string& group, const std::vector<std::string>& hosts,
                  const std::string& what) {
    if (!hosts.empty()) {
      report().add(mapped, "group " + group, count_of(hosts.size(), "host") + ": " + what);
    }
  }

  /// `first`: hosts that come before the others, whether they have the role or not.
  void add_role(const std::vector<std::string>& hosts, const std::vector<std::string>& first,
                const std::string& role) {
    for (const auto& host : first) member(host);
    for (const auto& host : hosts) member(host).roles.push_back(role);
  }

  Member& member(const std::string& host) {
    auto [at, fresh] = member_at_.try_emplace(host, members_.size());
    if (fresh) members_.push_back({host, {}});
    return members_[at->second];
  }

  void check_names() {
    std::map<std::string, std::string> names;
    for (const auto& host : hosts_) {
      auto [first, fresh] = names.try_emplace(host.name, host.source);
      if (fresh) continue;
      result_.errors.push_back("'" + first->second + "' and '" + host.source +
                               "' would both be called '" + host.name + "'");
    }
  }

  /// Hosts and files that are no part of the cluster.
  void tell_rest() {
    report().add(mapped, "hosts", count_of(hosts_.size(), "host") + " in the hosts file");
    auto bastions = inventory_.members("bastion");
    auto reflectors = inventory_.members("calico_rr");
    for (const auto& host : inventory_.hosts()) {
      if (member_at_.count(host) > 0 || std::count(bastions.begin(), bastions.end(), host) > 0) {
        continue;
      }
      bool reflector = std::count(reflectors.begin(), reflectors.end(), host) > 0;
      report().add(unavailable, reflector ? "group calico_rr" : "hosts in no group",
                   reflector ? "there is no calico, so no route reflectors: left out"
                             : "they are in no group of the cluster: left out",
                   host);
    }
    if (!inventory_.members("no_floating").empty()) {
      report().add(ignored, "group no_floating", "muster makes no addresses");
    }
    for (const auto& group : options_.allowed_groups) {
      if (inventory_.find_group(group) != nullptr) {
        report().add(ignored, "group " + group, "only its variables count (--allow-group)");
      }
    }
    for (const auto& name : inventory_.encrypted) {
      report().add(unavailable, name, "Ansible Vault has encrypted it: not read");
    }
    for (const auto& file : inventory_.passed_over) report().add(ignored, file, "");
    for (const auto& [name, vars] : inventory_.group_files) {
      if (inventory_.find_group(name) == nullptr) {
        report().add(unknown, "group_vars/" + name, "there is no such group");
      }
    }
    for (const auto& [name, vars] : inventory_.host_files) {
      if (inventory_.find_host(name) == nullptr) {
        report().add(unknown, "host_vars/" + name, "there is no such host");
      }
    }
  }

  Value definition(const ImportedCluster& cluster) const {
    auto root = object();
    put(root, "name", Value::of(result_.name));
    put(root, "description", Value::of("imported from Kubespray: " + inventory_.folder.string()));
    auto hints = object();
    put(hints, "file", Value::of((result_.folder / kImportedHosts).string()));
    auto provider = object();
    put(provider, "name", Value::of("inventory"));
    put(provider, "hints", hints);
    put(root, "provider", provider);
    if (!cluster.api_endpoint.empty()) put(root, "api_endpoint", Value::of(cluster.api_endpoint));
    auto attribs = object();
    attribs.members = cluster.attribs;
    if (!attribs.members.empty()) put(root, "attribs", attribs);
    put(root, "nodes", blocks());
    return root;
  }

  /// Hosts with the same roles and taints are one block, where the first of them is.
  Value blocks() const {
    using Key = std::pair<std::vector<std::string>, std::vector<std::string>>;
    std::map<Key, std::size_t> at;
    std::vector<std::pair<Key, std::vector<std::string>>> found;
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
      Key key{members_[i].roles, hosts_[i].taints};
      auto [place, fresh] = at.try_emplace(key, found.size());
      if (fresh) found.push_back({key, {}});
      found[place->second].second.push_back(hosts_[i].name);
    }
    Value nodes;
    nodes.kind = Value::Kind::list;
    for (const auto& [key, hosts] : found) {
      auto block = object();
      put(block, "roles", list_of(key.first));
      put(block, "hosts", list_of(hosts));
      if (!key.second.empty()) put(block, "taints", list_of(key.second));
      nodes.items.push_back(block);
    }
    return nodes;
  }

  AnsibleInventory inventory_;
  const KubesprayOptions& options_;
  KubesprayImport& result_;
  std::vector<Member> members_;  ///< in the order of the definition
  std::map<std::string, std::size_t> member_at_;
  std::vector<ImportedHost> hosts_;  ///< one for each of `members_`
};

}  // namespace

KubesprayImport import_kubespray(const fs::path& path, const KubesprayOptions& options) {
  KubesprayImport result;
  auto read = read_ansible_inventory(path);
  result.name = options.name.empty() ? name_of(read.inventory.folder) : options.name;
  result.folder = options.folder.empty() ? fs::path(result.name) : options.folder;
  result.source = read.inventory.folder;
  result.mistakes = read.mistakes;
  result.warnings = read.warnings;
  result.files = read.inventory.files;
  if (!result.mistakes.empty()) return result;
  Importer(std::move(read.inventory), options, result).run();
  return result;
}

}  // namespace muster
