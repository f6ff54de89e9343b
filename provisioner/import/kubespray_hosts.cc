#include "provisioner/import/kubespray_hosts.h"

#include <algorithm>
#include <filesystem>

#include "inventory/address.h"
#include "provisioner/base/text.h"
#include "provisioner/definition/attribs.h"
#include "provisioner/definition/names.h"

namespace muster {

namespace {

namespace fs = std::filesystem;
using enum ImportFate;

/// The first of these variables that is set. Ansible prefers those with "ssh" in their names.
struct Found {
  std::string name;
  std::string text;
};
Found first_of(const HostScope& scope, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    auto text = scope.text(name);
    if (text && !text->empty()) return {name, *text};
  }
  return {};
}

/// As ssh sees it from where Ansible runs.
std::string full_path(const std::string& key) {
  if (key.starts_with("~") || key.starts_with("/")) return key;
  return fs::absolute(key).lexically_normal().string();
}

class HostReader {
 public:
  HostReader(const HostScope& scope, ImportReport& report, std::vector<std::string>& errors)
      : scope_(scope), report_(report), errors_(errors) {
    host_.source = scope.host();
  }

  ImportedHost read(const std::optional<ImportedBastion>& bastion) {
    auto arguments = read_arguments();
    read_name();
    read_address();
    read_login(arguments);
    read_bastion(bastion, arguments);
    read_cluster_address();
    read_labels();
    read_taints();
    read_others();
    return std::move(host_);
  }

 private:
  void note(ImportFate fate, const std::string& what, const std::string& why) {
    report_.add(fate, what, why, host_.source);
  }

  /// Says which variable it came from.
  std::string take(std::initializer_list<const char*> names, const std::string& as) {
    for (const char* name : names) {
      if (!scope_.is_computed(name)) continue;
      errors_.push_back(host_.source + ": '" + name +
                        "' is computed by Ansible: write its value into the inventory");
    }
    auto found = first_of(scope_, names);
    if (!found.text.empty()) note(mapped, found.name, as);
    return found.text;
  }

  SshArguments read_arguments() {
    SshArguments all;
    for (const char* name : {"ansible_ssh_common_args", "ansible_ssh_extra_args"}) {
      if (scope_.is_computed(name)) note(unavailable, name, "it is computed by Ansible");
      auto text = scope_.text(name);
      if (!text || text->empty()) continue;
      auto read = read_ssh_arguments(*text);
      if (!read.host_key.empty()) {
        note(ignored, name, join(read.host_key, ", ") + ": muster checks host keys, see host_key");
      }
      for (const auto& other : read.others) {
        note(unavailable, name, other + ": write it into ~/.ssh/config");
      }
      if (read.jump) {
        note(mapped, name, "bastion of the host");
        all.jump = read.jump;
      }
      for (auto part : {&SshArguments::key, &SshArguments::port, &SshArguments::user}) {
        if (!(read.*part).empty()) all.*part = read.*part;
      }
    }
    return all;
  }

  void read_name() {
    host_.name = host_.source;
    if (!check_label(host_.name)) return;
    host_.name = as_name_part(host_.source);
    note(mapped, "name", "is '" + host_.name + "' here: lower case letters, digits and '-'");
    if (check_label(host_.name)) errors_.push_back(host_.source + ": no name can be made of it");
  }

  void read_address() {
    host_.address = take({"ansible_ssh_host", "ansible_host"}, "address");
    if (host_.address.empty()) host_.address = host_.source;
  }

  void read_login(const SshArguments& arguments) {
    host_.port = take({"ansible_ssh_port", "ansible_port"}, "port");
    host_.user = take({"ansible_ssh_user", "ansible_user"}, "user");
    host_.key = take({"ansible_ssh_private_key_file", "ansible_private_key_file"}, "key");
    if (host_.port.empty()) host_.port = arguments.port;
    if (host_.user.empty()) host_.user = arguments.user;
    if (host_.key.empty()) host_.key = arguments.key;
    if (!host_.key.empty()) host_.key = full_path(host_.key);
    if (host_.user.empty()) {
      note(ignored, "ansible_user", "not set: root logs in, not who runs Ansible");
    }
  }

  void read_bastion(const std::optional<ImportedBastion>& bastion, const SshArguments& arguments) {
    auto jump = arguments.jump;
    if (!jump && bastion) jump = bastion->jump;
    if (!jump) return;
    auto user = jump->user.empty() ? (host_.user.empty() ? "root" : host_.user) : jump->user;
    if (jump->user.empty()) {
      note(ignored, "bastion", "its user is not said: '" + user + "', as on the host");
    }
    host_.bastion = user + "@" + bracketed(jump->host);
    if (!jump->port.empty() && jump->port != "22") host_.bastion += ":" + jump->port;
    if (!jump->key.empty() && full_path(jump->key) != host_.key) {
      note(unavailable, "bastion", "a key of its own: it is opened with the key of the host");
    }
  }

  void read_cluster_address() {
    auto inside = take({"access_ip", "ip"}, "cluster_address");
    if (inside == host_.address) return;
    if (auto fault = address_fault(inside); !fault.empty()) {
      errors_.push_back(host_.source + ": the cluster's address " + inside + " " + fault);
    } else if (inside.empty() || is_ip_address(inside)) {
      host_.cluster_address = inside;
    } else {
      errors_.push_back(host_.source + ": " + shown(inside) + " is no IP address for the cluster");
    }
    if (scope_.find("access_ip") != nullptr && scope_.find("ip") != nullptr &&
        scope_.text("ip") != scope_.text("access_ip")) {
      note(ignored, "ip", "the other nodes find the host by access_ip");
    }
  }

  void read_labels() {
    const auto* labels = scope_.followed("node_labels");
    if (labels == nullptr) return;
    if (!labels->is_object()) {
      note(unavailable, "node_labels", "it is no object");
      return;
    }
    for (const auto& [key, at, value] : labels->members) {
      auto text = value.kind == Value::Kind::null ? "" : attrib_text(value);
      auto problem = check_node_label(key, text);
      if (problem) {
        note(unavailable, "node_labels", shown(key) + " " + problem.message);
      } else {
        host_.labels[key] = text;
        note(mapped, "node_labels", "labels of the host");
      }
    }
  }

  void read_taints() {
    const auto* taints = scope_.followed("node_taints");
    if (taints == nullptr) return;
    if (!taints->is_list()) {
      note(unavailable, "node_taints", "it is no list");
      return;
    }
    for (const auto& taint : taints->items) {
      auto text = attrib_text(taint);
      auto problem = check_taint(text);
      bool again = std::ranges::any_of(host_.taints, [&](const std::string& other) {
        return taint_slot(other) == taint_slot(text);
      });
      if (problem) {
        note(unavailable, "node_taints", shown(text) + " " + problem.message);
      } else if (again) {
        note(unavailable, "node_taints", shown(text) + ": its key and effect come twice");
      } else {
        host_.taints.push_back(text);
        note(mapped, "node_taints", "nodes[].taints");
      }
    }
  }

  void read_others() {
    auto member = scope_.text("etcd_member_name");
    if (member && !member->empty()) {
      note(ignored, "etcd_member_name", "etcd's members are called as their nodes");
    }
    if (scope_.text("ansible_connection").value_or("ssh") == "local") {
      note(unavailable, "ansible_connection", "local: every host is reached by SSH");
    }
    for (const char* name : {"ansible_password", "ansible_ssh_pass"}) {
      if (scope_.find(name) != nullptr) {
        note(unavailable, name, "muster logs in with keys only: ssh-copy-id brings one");
      }
    }
    for (const char* name :
         {"ansible_become_password", "ansible_become_pass", "ansible_sudo_pass"}) {
      if (scope_.find(name) != nullptr) {
        note(unavailable, name, "sudo must ask for no password (NOPASSWD)");
      }
    }
  }

  const HostScope& scope_;
  ImportReport& report_;
  std::vector<std::string>& errors_;
  ImportedHost host_;
};

/// Plain where every YAML reads it as the same text.
std::string yaml_text(const std::string& text) {
  static const std::vector<std::string> words{"y",   "n",    "yes",   "no",  "on",
                                              "off", "true", "false", "null"};
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyz0123456789.-";
  bool dotted = std::count(text.begin(), text.end(), '.') == 3;
  bool letter = !text.empty() && text[0] >= 'a' && text[0] <= 'z';
  bool plain = (letter || dotted) && text.find_first_not_of(kPlain) == std::string::npos &&
               std::find(words.begin(), words.end(), text) == words.end();
  return plain ? text : to_json(Value::of(text));
}

bool is_number(const std::string& text) {
  return !text.empty() && text.size() < 6 &&
         text.find_first_not_of("0123456789") == std::string::npos && text[0] != '0';
}

std::string host_line(const ImportedHost& host) {
  std::string line = "  - {name: " + yaml_text(host.name) + ", address: " + yaml_text(host.address);
  auto add = [&](const char* key, const std::string& value) {
    if (!value.empty()) line += std::string(", ") + key + ": " + yaml_text(value);
  };
  add("cluster_address", host.cluster_address);
  if (!host.port.empty() && host.port != "22") {
    line += ", port: " + (is_number(host.port) ? host.port : to_json(Value::of(host.port)));
  }
  add("user", host.user);
  add("key", host.key);
  add("bastion", host.bastion);
  if (!host.labels.empty()) {
    std::string labels;
    for (const auto& [key, value] : host.labels) {
      labels += (labels.empty() ? "{" : ", ") + to_json(Value::of(key)) + ": " +
                to_json(Value::of(value));
    }
    line += ", labels: " + labels + "}";
  }
  return line + "}\n";
}

}  // namespace

std::optional<ImportedBastion> import_bastion(const AnsibleInventory& inventory,
                                              const AnsibleScope& scope, ImportReport& report) {
  auto hosts = inventory.members("bastion");
  if (hosts.empty()) return std::nullopt;
  auto own = scope.of(hosts.front());
  ImportedBastion bastion;
  auto address = first_of(own, {"ansible_ssh_host", "ansible_host"});
  bastion.jump.host = address.text.empty() ? hosts.front() : address.text;
  bastion.jump.user = first_of(own, {"ansible_ssh_user", "ansible_user"}).text;
  bastion.jump.port = first_of(own, {"ansible_ssh_port", "ansible_port"}).text;
  bastion.jump.key =
      first_of(own, {"ansible_ssh_private_key_file", "ansible_private_key_file"}).text;
  report.add(mapped, "group bastion", "all hosts are reached through it", hosts.front());
  for (std::size_t i = 1; i < hosts.size(); ++i) {
    report.add(ignored, "group bastion", "only the first one is used", hosts[i]);
  }
  return bastion;
}

ImportedHost import_host(const HostScope& scope, const std::optional<ImportedBastion>& bastion,
                         ImportReport& report, std::vector<std::string>& errors) {
  return HostReader(scope, report, errors).read(bastion);
}

std::string hosts_yaml(const std::vector<ImportedHost>& hosts, const std::string& source) {
  std::string text = "# Imported from " + source + "; docs/providers.md has the keys.\nhosts:\n";
  for (const auto& host : hosts) text += host_line(host);
  return text;
}

}  // namespace muster
