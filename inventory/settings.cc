#include "inventory/settings.h"

#include <algorithm>
#include <charconv>

#include "provisioner/definition/attribs.h"
#include "provisioner/definition/cidr.h"
#include "provisioner/definition/expansion.h"

namespace muster {

namespace {

constexpr std::uint32_t kDnsAddress = 10;

/// Attribs by name, as text, defaults included; secrets are empty.
class Attribs {
 public:
  explicit Attribs(const Definition& definition) {
    for (const auto& rule : attrib_rules()) {
      if (rule.alias_of.empty()) values_[rule.name] = rule.fallback;
    }
    for (const auto& [key, at, value] : definition.attribs) {
      const auto* rule = find_attrib(key);
      if (rule == nullptr || rule->secret) continue;
      values_[key] = attrib_text(value);
      set_.push_back(key);
    }
    follow("k8s-kube_cert_dir", "k8s-kube_config_dir", "/ssl");
    follow("k8s-dns_domain", "k8s-cluster_name", "");
    if (text("k8s-dns_mode") != "none") values_["k8s-dns_mode"] = "coredns";
    auto balancer =
        balancer_port(number("k8s-nginx_kube_apiserver_port"), number("k8s-kube_apiserver_port"));
    values_["k8s-nginx_kube_apiserver_port"] = std::to_string(balancer);
  }

  const std::string& text(const std::string& name) const { return values_.at(name); }
  int number(const std::string& name) const {
    int value = 0;
    const auto& digits = text(name);
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
  }
  /// For templates, whose names have no "-".
  std::map<std::string, std::string> underscored() const {
    std::map<std::string, std::string> out;
    for (const auto& [name, value] : values_) {
      auto path = name;
      std::replace(path.begin(), path.end(), '-', '_');
      out[path] = value;
    }
    return out;
  }

 private:
  bool is_set(const std::string& name) const {
    return std::find(set_.begin(), set_.end(), name) != set_.end();
  }
  /// `name` has its default from another attrib.
  void follow(const std::string& name, const std::string& leader, const std::string& suffix) {
    if (!is_set(name)) values_[name] = text(leader) + suffix;
  }

  std::map<std::string, std::string> values_;
  std::vector<std::string> set_;
};

}  // namespace

ClusterSettings settings_of(const Definition& definition) {
  Attribs attribs(definition);
  ClusterSettings settings;
  settings.version = attribs.text("k8s-version");
  settings.service_cidr = attribs.text("k8s-kube_service_addresses");
  settings.pod_cidr = attribs.text("k8s-kube_pod_subnet");
  settings.node_prefix = attribs.number("k8s-kube_network_node_prefix");
  settings.api_port = attribs.number("k8s-kube_apiserver_port");
  settings.balancer_port = attribs.number("k8s-nginx_kube_apiserver_port");
  settings.dns_domain = attribs.text("k8s-dns_domain");
  settings.network_plugin = attribs.text("k8s-kube_network_plugin");
  settings.dns_mode = attribs.text("k8s-dns_mode");
  settings.bin_dir = attribs.text("k8s-bin_dir");
  settings.config_dir = attribs.text("k8s-kube_config_dir");
  settings.cert_dir = attribs.text("k8s-kube_cert_dir");
  settings.log_level = attribs.number("k8s-log_level");
  settings.patience = attribs.number("patience");
  settings.login_user = attribs.text("login_user");
  settings.programs = definition.programs;
  settings.attribs = attribs.underscored();
  settings.attribs.erase("patience");  // changes nothing on nodes
  if (auto services = parse_cidr(settings.service_cidr)) {
    settings.api_ip = address_text(services->network + 1);
    settings.dns_ip = address_text(services->network + kDnsAddress);
  }
  return settings;
}

}  // namespace muster
