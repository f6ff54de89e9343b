#include "provisioner/definition/attribs.h"

#include <algorithm>

namespace muster {

namespace {

using Kind = Value::Kind;

constexpr const char* kContainerd = "containerd runs the containers, without docker or rkt";
constexpr const char* kCertificates =
    "the API knows its users by client certificates, see 'muster kubeconfig'";
constexpr const char* kOwnSystem = "nodes come from the provider with their system installed";

/// What a definition may change. Names, defaults and meanings of the k8s-* attribs are Digital
/// Rebar's (kubernetes/kompos8/rebar.yml of digitalrebar-workloads), where muster has no reason
/// to differ.
std::vector<AttribRule> effective_rules() {
  std::vector<AttribRule> rules;
  auto text = [&](std::string name, std::string fallback, AttribFormat format,
                  std::string description) {
    rules.push_back({.name = std::move(name),
                     .fallback = std::move(fallback),
                     .description = std::move(description),
                     .format = format});
  };
  auto choice = [&](std::string name, std::string fallback, std::vector<std::string> choices,
                    std::string description) {
    rules.push_back({.name = std::move(name),
                     .fallback = std::move(fallback),
                     .choices = std::move(choices),
                     .description = std::move(description)});
  };
  auto number = [&](std::string name, std::int64_t fallback, std::int64_t least, std::int64_t most,
                    std::string description) {
    rules.push_back({.name = std::move(name),
                     .kind = Kind::integer,
                     .fallback = std::to_string(fallback),
                     .description = std::move(description),
                     .least = least,
                     .most = most});
  };
  text("k8s-version", "v1.20.2", AttribFormat::version, "the Kubernetes release");
  text("k8s-bin_dir", "/usr/local/bin", AttribFormat::path, "where programs are linked");
  text("k8s-kube_config_dir", "/etc/kubernetes", AttribFormat::path, "where configuration lives");
  text("k8s-kube_cert_dir", "/etc/kubernetes/ssl", AttribFormat::path,
       "where certificates and keys live; 'ssl' in k8s-kube_config_dir when only that is set");
  number("k8s-log_level", 2, 0, 10, "how much the Kubernetes programs log (--v)");
  rules.push_back({.name = "k8s-kube_api_anonymous_auth",
                   .kind = Kind::boolean,
                   .fallback = "false",
                   .description = "whether the API answers requests without credentials"});
  text("k8s-cluster_name", "cluster.local", AttribFormat::domain,
       "the cluster's domain, unless k8s-dns_domain is set");
  text("k8s-dns_domain", "cluster.local", AttribFormat::domain,
       "the domain of Services and pods; k8s-cluster_name when absent");
  choice("k8s-dns_mode", "coredns", {"coredns", "dnsmasq_kubedns", "kubedns", "none"},
         "the cluster's DNS; dnsmasq_kubedns and kubedns mean coredns, which replaced them");
  choice("k8s-kube_network_plugin", "bridge",
         {"bridge", "calico", "flannel", "canal", "weave", "cilium", "cloud", "none"},
         "the pod network; this version has bridge, and none for one of your own");
  text("k8s-kube_service_addresses", "10.233.0.0/18", AttribFormat::cidr,
       "the network of Services");
  text("k8s-kube_pod_subnet", "10.233.64.0/18", AttribFormat::cidr, "the network of pods");
  rules.push_back({.name = "k8s-kube_pods_subnet",
                   .fallback = "",
                   .description = "another name of k8s-kube_pod_subnet",
                   .format = AttribFormat::cidr,
                   .alias_of = "k8s-kube_pod_subnet"});
  number("k8s-kube_network_node_prefix", 24, 16, 28,
         "the size of each node's part of the pod network, as a prefix length");
  number("k8s-kube_apiserver_port", 6443, 1, 65535, "the API's port on the masters");
  number("k8s-nginx_kube_apiserver_port", 7443, 1, 65535,
         "the port on 127.0.0.1 of each node's balancer for the API");
  choice("k8s-image_pull_policy", "IfNotPresent", {"Always", "IfNotPresent", "Never"},
         "when nodes pull the images of add-ons");
  text("login_user", "muster", AttribFormat::login,
       "the account (with sudo) that public_keys may log in to; root is possible");
  return rules;
}

/// What Digital Rebar's workload could change and muster has no use for.
std::vector<AttribRule> replaced_rules() {
  std::vector<AttribRule> rules;
  auto text = [&](std::string name, std::string replaced_by, std::string description,
                  std::string fallback = "") {
    rules.push_back({.name = std::move(name),
                     .fallback = std::move(fallback),
                     .replaced_by = std::move(replaced_by),
                     .description = std::move(description)});
  };
  auto choice = [&](std::string name, std::vector<std::string> choices, std::string replaced_by,
                    std::string description) {
    rules.push_back({.name = std::move(name),
                     .fallback = choices.front(),
                     .choices = choices,
                     .replaced_by = std::move(replaced_by),
                     .description = std::move(description)});
  };
  auto number = [&](std::string name, std::string fallback, std::int64_t most,
                    std::string replaced_by, std::string description) {
    rules.push_back({.name = std::move(name),
                     .kind = Kind::integer,
                     .fallback = std::move(fallback),
                     .replaced_by = std::move(replaced_by),
                     .description = std::move(description),
                     .least = 0,
                     .most = most});
  };
  auto boolean = [&](std::string name, bool fallback, std::string replaced_by,
                     std::string description) {
    rules.push_back({.name = std::move(name),
                     .kind = Kind::boolean,
                     .fallback = fallback ? "true" : "false",
                     .replaced_by = std::move(replaced_by),
                     .description = std::move(description)});
  };
  choice("k8s-bootstrap_os", {"none", "ubuntu", "coreos", "centos"}, kOwnSystem,
         "the system to prepare");
  text("provisioner-target_os", kOwnSystem, "the system to install");
  choice("k8s-cloud_provider", {"generic", "aws", "gce", "azure", "openstack"},
         "the cluster does not use the cloud's own balancers and disks", "the cloud integration");
  text("k8s-kube_script_dir", "nodes get no scripts", "where scripts live");
  text("k8s-kube_manifest_dir", "the control plane runs as systemd units, not as static pods",
       "where static pods are described");
  text("k8s-system_namespace", "system pods run in kube-system", "the namespace of system pods",
       "kube-system");
  text("k8s-kube_token_dir", kCertificates, "where token files live");
  text("k8s-kube_users_dir", kCertificates, "where password files live");
  rules.push_back({.name = "k8s-kube_api_pwd",
                   .replaced_by = kCertificates,
                   .description = "the password of API users",
                   .secret = true});
  rules.push_back({.name = "k8s-kube_users",
                   .kind = Kind::object,
                   .replaced_by = kCertificates,
                   .description = "API users with passwords",
                   .secret = true});
  text("k8s-kube_cert_group", "only root reads the keys", "the group that reads certificates");
  number("k8s-kube_apiserver_insecure_port", "0", 65535, "the API has no insecure port",
         "the API's port without TLS");
  boolean("k8s-loadbalancer_apiserver_localhost", true,
          "every node has a balancer for the API on 127.0.0.1",
          "whether nodes balance over the masters themselves");
  boolean("k8s-etcd_multiaccess", true, "every API server knows all etcd members",
          "whether clients know all etcd members");
  choice("k8s-etcd_deployment_type", {"host", "docker", "rkt"}, "etcd runs as a systemd unit",
         "how etcd runs");
  choice("k8s-kubelet_deployment_type", {"host", "docker"}, "the kubelet runs as a systemd unit",
         "how the kubelet runs");
  boolean("k8s-kubelet_load_modules", true, "nodes load the kernel modules that roles name",
          "whether the kubelet may load kernel modules");
  text("k8s-docker_version", kContainerd, "the docker release");
  text("k8s-rkt_version", kContainerd, "the rkt release");
  text("k8s-docker_daemon_graph", kContainerd, "where docker keeps images");
  text("k8s-docker_options", kContainerd, "options of the docker daemon");
  text("k8s-docker_storage_options", kContainerd, "storage options of the docker daemon");
  text("k8s-local_release_dir", "nodes keep verified files in a store of their own",
       "where downloads are kept");
  number("k8s-retry_stagger", "5", 3600, "retries wait longer each time by themselves",
         "how far apart retries are");
  number("k8s-ndots", "5", 15, "the kubelet gives every pod 'ndots:5'",
         "dots that make a name absolute");
  choice("k8s-resolvconf_mode", {"none", "docker_dns", "host_resolvconf"},
         "the kubelet points pods to the cluster's DNS, nodes keep their own",
         "how nodes find the cluster's DNS");
  number("k8s-dns_forward_max", "0", 10'000'000, "CoreDNS, which replaced dnsmasq, has no limit",
         "queries that dnsmasq forwards at a time");
  text("k8s-dashboard_version", "no dashboard is installed", "the dashboard's release");
  boolean("k8s-deploy_netchecker", false, "roles wait until what they set up works",
          "whether to run a network checker");
  text("k8s-master-network", "nodes talk to the addresses that their provider names",
       "the network of masters", "admin");
  text("k8s-worker-network", "nodes talk to the addresses that their provider names",
       "the network of workers", "admin");
  text("k8s-scope", "it had none in Digital Rebar either", "the scope of the cluster", "internal");
  return rules;
}

std::vector<AttribRule> all_rules() {
  auto rules = effective_rules();
  auto replaced = replaced_rules();
  rules.insert(rules.end(), replaced.begin(), replaced.end());
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

}  // namespace muster
