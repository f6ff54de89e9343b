#include "provisioner/import/kubespray_cluster.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "inventory/address.h"
#include "provisioner/definition/attribs.h"
#include "provisioner/definition/names.h"
#include "provisioner/import/kubespray_variables.h"
#include "provisioner/import/secrets.h"
#include "provisioner/releases/check.h"

namespace muster {

namespace {

using enum ImportFate;

constexpr const char* kComputed = "it is computed by Ansible";

bool is_empty(const Value& value) {
  return value.kind == Value::Kind::null || (value.is_string() && value.text.empty()) ||
         (value.is_list() && value.items.empty()) || (value.is_object() && value.members.empty());
}

/// "value: " for a report.
std::string shown_value(const std::string& name, const std::optional<std::string>& text) {
  // "http://user:password@proxy" has a name that sounds like nothing.
  bool login = text && text->find('@') != std::string::npos;
  if (!text || login || sounds_secret(name) || text->size() > 60) return "";
  return *text + ": ";
}

/// As the attrib's kind wants it; null when that is impossible.
Value typed(const std::string& text, Value::Kind kind) {
  if (kind == Value::Kind::integer) {
    std::int64_t number = 0;
    auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    bool whole = problem == std::errc{} && end == text.data() + text.size();
    return whole ? Value::of(number) : Value{};
  }
  if (kind == Value::Kind::boolean) {
    for (const char* word : {"true", "True", "yes", "on"}) {
      if (text == word) return Value::of(true);
    }
    for (const char* word : {"false", "False", "no", "off"}) {
      if (text == word) return Value::of(false);
    }
    return {};
  }
  return Value::of(text);
}

class ClusterReader {
 public:
  ClusterReader(std::span<const HostScope> hosts, ImportReport& report)
      : hosts_(hosts), report_(report) {
    for (const auto& host : hosts) {
      for (const auto& [name, value] : host.all()) owners_.try_emplace(name, &host);
    }
  }

  ImportedCluster read() {
    for (const auto& [name, owner] : owners_) read_variable(name, *owner);
    read_version();
    read_plugin();
    read_dns();
    read_balancer_port();
    read_endpoint();
    if (owners_.count("enable_nodelocaldns") == 0) {
      report_.add(unavailable, "enable_nodelocaldns", "not set, so true: pods ask CoreDNS itself");
    }
    sort_attribs();
    return std::move(cluster_);
  }

 private:
  void read_variable(const std::string& name, const HostScope& owner) {
    const auto* rule = find_kubespray_variable(name);
    const auto* value = owner.find(name);
    if (value == nullptr || is_empty(*value)) return;
    if (rule == nullptr) {
      report_.add(unknown, name, "");
      return;
    }
    if (rule->use == VariableUse::host) return;
    compare(name, *value);
    if (rule->use == VariableUse::attrib) {
      map_attrib(*rule, name, owner);
    } else if (rule->use == VariableUse::ignored) {
      report_.add(ignored, name, rule->text);
    } else if (rule->use == VariableUse::unavailable) {
      auto text = owner.text(name);
      bool harmless = text && is_harmless(*rule, *text);
      report_.add(harmless ? ignored : unavailable, name, shown_value(name, text) + rule->text);
    }
  }

  void compare(const std::string& name, const Value& value) {
    for (const auto& host : hosts_) {
      const auto* other = host.find(name);
      if (other == nullptr || other == &value || to_json(*other) == to_json(value)) continue;
      report_.add(unavailable, name, "it differs between hosts: that of the first one counts",
                  host.host());
    }
  }

  void map_attrib(const VariableRule& rule, const std::string& name, const HostScope& owner) {
    auto text = owner.text(name);
    if (!text) {
      report_.add(unavailable, name,
                  std::string(kComputed) + ": write its value into attribs." + rule.target);
      return;
    }
    auto value = typed(*text, find_attrib(rule.target)->kind);
    if (value.kind == Value::Kind::null) {
      report_.add(unavailable, name, shown(*text) + " is no value of attribs." + rule.target);
      return;
    }
    set(name, rule.target, value);
  }

  void set(const std::string& name, const std::string& attrib, const Value& value) {
    cluster_.attribs.push_back({attrib, {}, value});
    report_.add(mapped, name, attrib_text(value) + " -> attribs." + attrib);
  }

  /// The first host that has the variable, or nullptr.
  const HostScope* owner(const std::string& name) const {
    auto at = owners_.find(name);
    return at == owners_.end() ? nullptr : at->second;
  }
  std::optional<std::string> text(const std::string& name) const {
    const auto* found = owner(name);
    auto text = found == nullptr ? std::nullopt : found->text(name);
    return text && text->empty() ? std::nullopt : text;
  }
  bool is_computed(const std::string& name) const {
    const auto* found = owner(name);
    return found != nullptr && found->is_computed(name);
  }

  void read_version() {
    const auto fallback = "the cluster gets " + known_releases().default_version.text();
    auto version = text("kube_version");
    if (!version) {
      report_.add(unavailable, "kube_version",
                  (is_computed("kube_version") ? std::string(kComputed)
                                               : "not set, so the newest that Kubespray knows") +
                      ": " + fallback);
      return;
    }
    if (!version->starts_with('v')) *version = "v" + *version;
    auto problem = check_kubernetes_version(*version).problem;
    if (problem.empty()) {
      set("kube_version", "k8s-version", Value::of(*version));
    } else {
      report_.add(unavailable, "kube_version", problem + "; " + fallback);
    }
  }

  void read_plugin() {
    constexpr const char* kName = "kube_network_plugin";
    auto plugin = text(kName);
    if (plugin && (*plugin == "cni" || *plugin == "none" || *plugin == "custom_cni")) {
      set(kName, "k8s-kube_network_plugin", Value::of("none"));
      return;
    }
    auto said = plugin               ? *plugin
                : is_computed(kName) ? std::string(kComputed)
                                     : std::string("not set, so calico");
    report_.add(unavailable, kName,
                said + ": the pod network is muster's 'bridge', which enforces no NetworkPolicy");
  }

  void read_dns() {
    auto mode = text("dns_mode");
    if (!mode) return;
    if (*mode == "none" || *mode == "manual") {
      set("dns_mode", "k8s-dns_mode", Value::of("none"));
    } else if (*mode == "coredns") {
      set("dns_mode", "k8s-dns_mode", Value::of("coredns"));
    } else {
      report_.add(unavailable, "dns_mode", *mode + ": the cluster gets one CoreDNS");
    }
  }

  void read_balancer_port() {
    for (const char* name : {"loadbalancer_apiserver_port", "nginx_kube_apiserver_port"}) {
      auto port = text(name);
      if (!port) continue;
      const auto api = text("kube_apiserver_port").value_or("6443");
      if (*port == api) {
        report_.add(ignored, name, *port + ": the nodes' balancer for the API listens on 7443");
      } else {
        map_attrib(*find_kubespray_variable(name), name, *owner(name));
        return;
      }
    }
  }

  /// A balancer outside of the cluster.
  void read_endpoint() {
    constexpr const char* kName = "loadbalancer_apiserver";
    const auto* found = owner(kName);
    const auto* balancer = found == nullptr ? nullptr : found->followed(kName);
    auto domain = text("apiserver_loadbalancer_domain_name");
    if (balancer == nullptr || !balancer->is_object()) {
      if (domain) {
        report_.add(ignored, "apiserver_loadbalancer_domain_name",
                    "without loadbalancer_apiserver it has no effect");
      }
      return;
    }
    const auto* address = balancer->find("address");
    const auto* port = balancer->find("port");
    auto host = domain ? *domain : address == nullptr ? "" : bracketed(attrib_text(*address));
    auto endpoint = host + (port == nullptr ? "" : ":" + attrib_text(*port));
    if (check_endpoint(endpoint)) {
      report_.add(unavailable, kName, shown(endpoint) + " is no api_endpoint: write it yourself");
      return;
    }
    cluster_.api_endpoint = endpoint;
    report_.add(mapped, kName, endpoint + " -> api_endpoint");
    if (domain)
      report_.add(mapped, "apiserver_loadbalancer_domain_name", "the api_endpoint's host");
  }

  /// As the documentation lists them.
  void sort_attribs() {
    auto rules = attrib_rules();
    auto place = [&](const std::string& name) {
      return std::find_if(rules.begin(), rules.end(),
                          [&](const AttribRule& rule) { return rule.name == name; });
    };
    std::stable_sort(cluster_.attribs.begin(), cluster_.attribs.end(),
                     [&](const auto& a, const auto& b) { return place(a.key) < place(b.key); });
  }

  std::span<const HostScope> hosts_;
  ImportReport& report_;
  std::map<std::string, const HostScope*> owners_;
  ImportedCluster cluster_;
};

}  // namespace

ImportedCluster import_cluster(std::span<const HostScope> hosts, ImportReport& report) {
  return ClusterReader(hosts, report).read();
}

}  // namespace muster
