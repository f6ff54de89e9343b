#include "provisioner/definition/attribs.h"

#include <algorithm>
#include <charconv>

#include "provisioner/releases/releases.h"

namespace muster {

namespace {

using Kind = Value::Kind;

constexpr const char* kContainerd = "containerd runs the containers, without docker or rkt";
constexpr const char* kCertificates =
    "the API knows its users by client certificates, see 'muster kubeconfig'";
constexpr const char* kOwnAddresses = "nodes talk to the addresses that their provider names";
constexpr const char* kOwnSystem = "nodes come from the provider with their system installed";

/// A row of text that has an effect.
AttribRule text(std::string name, std::string fallback, AttribFormat format,
                std::string description) {
  return {.name = std::move(name),
          .fallback = std::move(fallback),
          .description = std::move(description),
          .format = format};
}

/// A row of some known words, the first of which is the default.
AttribRule choice(std::string name, std::vector<std::string> choices, std::string description) {
  return {.name = std::move(name),
          .fallback = choices.front(),
          .choices = choices,
          .description = std::move(description)};
}

AttribRule number(std::string name, std::int64_t fallback, std::int64_t least, std::int64_t most,
                  std::string description) {
  return {.name = std::move(name),
          .kind = Kind::integer,
          .fallback = std::to_string(fallback),
          .description = std::move(description),
          .least = least,
          .most = most};
}

AttribRule boolean(std::string name, bool fallback, std::string description) {
  return {.name = std::move(name),
          .kind = Kind::boolean,
          .fallback = fallback ? "true" : "false",
          .description = std::move(description)};
}

AttribRule secret(std::string name, Kind kind, std::string description) {
  return {
      .name = std::move(name), .kind = kind, .description = std::move(description), .secret = true};
}

AttribRule alias(AttribRule rule, std::string alias_of) {
  rule.alias_of = std::move(alias_of);
  return rule;
}

AttribRule naming(AttribRule rule, std::string names, std::string written_as) {
  rule.names = std::move(names);
  rule.written_as = std::move(written_as);
  return rule;
}

AttribRule replaced(AttribRule rule, std::string replaced_by) {
  rule.replaced_by = std::move(replaced_by);
  return rule;
}

AttribRule replaced(std::string name, std::string replaced_by, std::string description) {
  return replaced(text(std::move(name), "", AttribFormat::any, std::move(description)),
                  std::move(replaced_by));
}

/// What a definition may change. Names, defaults and meanings of the k8s-* attribs are Digital
/// Rebar's (kubernetes/kompos8/rebar.yml of digitalrebar-workloads), where muster has no reason
/// to differ.
std::vector<AttribRule> effective_rules() {
  return {
      text("k8s-version", known_releases().default_version.text(), AttribFormat::version,
           "the Kubernetes release"),
      naming(text("k8s-bin_dir", "/usr/local/bin", AttribFormat::path, "where programs are linked"),
             "programs", "cluster.bin_dir"),
      naming(text("k8s-kube_config_dir", "/etc/kubernetes", AttribFormat::path,
                  "where configuration lives"),
             "configuration files", "cluster.config_dir"),
      naming(text("k8s-kube_cert_dir", "/etc/kubernetes/ssl", AttribFormat::path,
                  "where certificates and keys live; 'ssl' in k8s-kube_config_dir when only that "
                  "is set"),
             "certificates", "cluster.cert_dir"),
      number("k8s-log_level", 2, 0, 10, "how much the Kubernetes programs log (--v)"),
      boolean("k8s-kube_api_anonymous_auth", false,
              "whether the API answers requests without credentials"),
      text("k8s-cluster_name", "cluster.local", AttribFormat::domain,
           "the cluster's domain, unless k8s-dns_domain is set"),
      text("k8s-dns_domain", "cluster.local", AttribFormat::domain,
           "the domain of Services and pods; k8s-cluster_name when absent"),
      choice("k8s-dns_mode", {"coredns", "dnsmasq_kubedns", "kubedns", "none"},
             "the cluster's DNS; dnsmasq_kubedns and kubedns mean coredns, which replaced them"),
      choice("k8s-kube_network_plugin",
             {"bridge", "calico", "flannel", "canal", "weave", "cilium", "cloud", "none"},
             "the pod network; this version has bridge, and none for one of your own"),
      text("k8s-kube_service_addresses", "10.233.0.0/18", AttribFormat::cidr,
           "the network of Services"),
      text("k8s-kube_pod_subnet", "10.233.64.0/18", AttribFormat::cidr, "the network of pods"),
      alias(text("k8s-kube_pods_subnet", "", AttribFormat::cidr,
                 "another name of k8s-kube_pod_subnet"),
            "k8s-kube_pod_subnet"),
      number("k8s-kube_network_node_prefix", 24, 16, 28,
             "the size of each node's part of the pod network, as a prefix length"),
      number("k8s-kube_apiserver_port", 6443, 1, 65535, "the API's port on the masters"),
      number("k8s-nginx_kube_apiserver_port", 7443, 1, 65535,
             "the port on 127.0.0.1 of each node's balancer for the API"),
      choice("k8s-image_pull_policy", {"IfNotPresent", "Always", "Never"},
             "when nodes pull the images of add-ons"),
      number(
          "patience", 1, 1, 100,
          "how many times as long as usual muster waits for what happens on nodes; for slow ones"),
      naming(text("login_user", "muster", AttribFormat::login,
                  "the account (with sudo) that public_keys may log in to; root is possible"),
             "keys and sudo", "cluster.login_user")};
}

/// What Digital Rebar's workload could change on a node, and muster has no use for.
std::vector<AttribRule> replaced_node_rules() {
  return {
      replaced(choice("k8s-bootstrap_os", {"none", "ubuntu", "coreos", "centos"},
                      "the system to prepare"),
               kOwnSystem),
      replaced("provisioner-target_os", kOwnSystem, "the system to install"),
      replaced("k8s-kube_script_dir", "nodes get no scripts", "where scripts live"),
      replaced("k8s-local_release_dir", "nodes keep verified files in a store of their own",
               "where downloads are kept"),
      replaced(number("k8s-retry_stagger", 5, 0, 3600, "how far apart retries are"),
               "retries wait longer each time by themselves"),
      replaced("k8s-kube_cert_group", "only root reads the keys",
               "the group that reads certificates"),
      replaced(choice("k8s-etcd_deployment_type", {"host", "docker", "rkt"}, "how etcd runs"),
               "etcd runs as a systemd unit"),
      replaced(choice("k8s-kubelet_deployment_type", {"host", "docker"}, "how the kubelet runs"),
               "the kubelet runs as a systemd unit"),
      replaced(
          boolean("k8s-kubelet_load_modules", true, "whether the kubelet may load kernel modules"),
          "nodes load the kernel modules that roles name"),
      replaced("k8s-docker_version", kContainerd, "the docker release"),
      replaced("k8s-rkt_version", kContainerd, "the rkt release"),
      replaced("k8s-docker_daemon_graph", kContainerd, "where docker keeps images"),
      replaced("k8s-docker_options", kContainerd, "options of the docker daemon"),
      replaced("k8s-docker_storage_options", kContainerd, "storage options of the docker daemon"),
      replaced(choice("k8s-resolvconf_mode", {"none", "docker_dns", "host_resolvconf"},
                      "how nodes find the cluster's DNS"),
               "the kubelet points pods to the cluster's DNS, nodes keep their own"),
      replaced(text("k8s-master-network", "admin", AttribFormat::any, "the network of masters"),
               kOwnAddresses),
      replaced(text("k8s-worker-network", "admin", AttribFormat::any, "the network of workers"),
               kOwnAddresses)};
}

/// What it could change in the cluster.
std::vector<AttribRule> replaced_cluster_rules() {
  return {
      replaced(choice("k8s-cloud_provider", {"generic", "aws", "gce", "azure", "openstack"},
                      "the cloud integration"),
               "the cluster does not use the cloud's own balancers and disks"),
      replaced("k8s-kube_manifest_dir",
               "the control plane runs as systemd units, not as static pods",
               "where static pods are described"),
      replaced(text("k8s-system_namespace", "kube-system", AttribFormat::any,
                    "the namespace of system pods"),
               "system pods run in kube-system"),
      replaced("k8s-kube_token_dir", kCertificates, "where token files live"),
      replaced("k8s-kube_users_dir", kCertificates, "where password files live"),
      replaced(secret("k8s-kube_api_pwd", Kind::string, "the password of API users"),
               kCertificates),
      replaced(secret("k8s-kube_users", Kind::object, "API users with passwords"), kCertificates),
      replaced(
          number("k8s-kube_apiserver_insecure_port", 0, 0, 65535, "the API's port without TLS"),
          "the API has no insecure port"),
      replaced(boolean("k8s-loadbalancer_apiserver_localhost", true,
                       "whether nodes balance over the masters themselves"),
               "every node has a balancer for the API on 127.0.0.1"),
      replaced(boolean("k8s-etcd_multiaccess", true, "whether clients know all etcd members"),
               "every API server knows all etcd members"),
      replaced(number("k8s-ndots", 5, 0, 15, "dots that make a name absolute"),
               "the kubelet gives every pod 'ndots:5'"),
      replaced(number("k8s-dns_forward_max", 0, 0, 10'000'000,
                      "queries that dnsmasq forwards at a time"),
               "CoreDNS, which replaced dnsmasq, has no limit"),
      replaced("k8s-dashboard_version", "no dashboard is installed", "the dashboard's release"),
      replaced(boolean("k8s-deploy_netchecker", false, "whether to run a network checker"),
               "roles wait until what they set up works"),
      replaced(text("k8s-scope", "internal", AttribFormat::any, "the scope of the cluster"),
               "it had none in Digital Rebar either")};
}

std::vector<AttribRule> all_rules() {
  auto rules = effective_rules();
  for (auto more : {replaced_node_rules(), replaced_cluster_rules()}) {
    rules.insert(rules.end(), more.begin(), more.end());
  }
  return rules;
}

}  // namespace

std::span<const AttribRule> attrib_rules() {
  static const std::vector<AttribRule> rules = all_rules();
  return rules;
}

const AttribRule* find_attrib(std::string_view name) {
  auto rules = attrib_rules();
  auto rule = std::find_if(rules.begin(), rules.end(),
                           [&](const AttribRule& candidate) { return candidate.name == name; });
  return rule == rules.end() ? nullptr : &*rule;
}

std::string attrib_text(const Value& value) {
  switch (value.kind) {
    case Kind::boolean:
      return value.boolean ? "true" : "false";
    case Kind::integer:
    case Kind::number:
    case Kind::string:
      return value.text;
    default:
      return to_json(value);
  }
}

Value attrib_value(const AttribRule& rule, const std::string& text) {
  if (rule.kind == Kind::boolean) return Value::of(text == "true");
  if (rule.kind != Kind::integer) return Value::of(text);
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return Value::of(number);
}

}  // namespace muster
