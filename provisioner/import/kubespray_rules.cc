// Which variables of Kubespray's an import knows, and what it does with them.
#include <vector>

#include "provisioner/import/kubespray_variables.h"

namespace muster {

namespace {

using enum VariableUse;

constexpr const char* kAddOn = "muster installs no add-ons but DNS: apply its manifests yourself";
constexpr const char* kPlugin = "muster's pod network is 'bridge'";
constexpr const char* kNoAnsible = "muster runs no Ansible";
constexpr const char* kLogin = "how the host is reached";
constexpr const char* kContainerd = "containerd is set up by muster's role";
constexpr const char* kUsers = "the API knows its users by client certificates and tokens";
constexpr const char* kFiles = "muster has its own cache and mirrors, see docs/artifacts.md";
constexpr const char* kFlags = "the flags of Kubernetes' programs are those of muster's roles";
constexpr const char* kCloud = "the cluster does not use the cloud's own balancers and disks";
constexpr const char* kProxy =
    "nodes are not told of a proxy: set it for their package manager yourself";
constexpr const char* kOperation = "it is of one run of Kubespray's";

// What becomes something in the definition.
constexpr VariableRule kMapped[] = {
    {"kube_version", special, "k8s-version", "", ""},
    {"kube_network_plugin", special, "k8s-kube_network_plugin", "", ""},
    {"kube_service_addresses", attrib, "k8s-kube_service_addresses", "", ""},
    {"kube_pods_subnet", attrib, "k8s-kube_pod_subnet", "", ""},
    {"kube_network_node_prefix", attrib, "k8s-kube_network_node_prefix", "", ""},
    {"kube_apiserver_port", attrib, "k8s-kube_apiserver_port", "", ""},
    {"loadbalancer_apiserver", special, "", "", ""},
    {"apiserver_loadbalancer_domain_name", special, "", "", ""},
    {"loadbalancer_apiserver_port", special, "k8s-nginx_kube_apiserver_port", "", ""},
    {"nginx_kube_apiserver_port", special, "k8s-nginx_kube_apiserver_port", "", ""},
    {"cluster_name", attrib, "k8s-cluster_name", "", ""},
    {"dns_domain", attrib, "k8s-dns_domain", "", ""},
    {"dns_mode", special, "k8s-dns_mode", "", ""},
    {"bin_dir", attrib, "k8s-bin_dir", "", ""},
    {"kube_config_dir", attrib, "k8s-kube_config_dir", "", ""},
    {"kube_cert_dir", attrib, "k8s-kube_cert_dir", "", ""},
    {"kube_log_level", attrib, "k8s-log_level", "", ""},
    {"kube_api_anonymous_auth", attrib, "k8s-kube_api_anonymous_auth", "", ""},
    {"k8s_image_pull_policy", attrib, "k8s-image_pull_policy", "", ""},
};

// What hosts have.
constexpr VariableRule kHost[] = {
    {"ansible_host", host, "", "", kLogin},
    {"ansible_ssh_host", host, "", "", kLogin},
    {"ansible_port", host, "", "", kLogin},
    {"ansible_ssh_port", host, "", "", kLogin},
    {"ansible_user", host, "", "", kLogin},
    {"ansible_ssh_user", host, "", "", kLogin},
    {"ansible_ssh_private_key_file", host, "", "", kLogin},
    {"ansible_private_key_file", host, "", "", kLogin},
    {"ansible_ssh_common_args", host, "", "", kLogin},
    {"ansible_ssh_extra_args", host, "", "", kLogin},
    {"ip", host, "", "", kLogin},
    {"access_ip", host, "", "", kLogin},
    {"etcd_member_name", host, "", "", ""},
    {"node_labels", host, "", "", ""},
    {"node_taints", host, "", "", ""},
    {"ansible_connection", host, "", "", kLogin},
    {"ansible_password", host, "", "", kLogin},
    {"ansible_ssh_pass", host, "", "", kLogin},
    {"ansible_become_password", host, "", "", kLogin},
    {"ansible_become_pass", host, "", "", kLogin},
    {"ansible_sudo_pass", host, "", "", kLogin},
    {"ansible_become_method", unavailable, "", "sudo", "other users than root use 'sudo -n'"},
    {"ansible_become_user", unavailable, "", "root", "roles are applied as root"},
    {"ansible_become*", ignored, "", "", "other users than root use 'sudo -n' by themselves"},
    {"ansible_python_interpreter", ignored, "", "", "nodes need no Python"},
    {"ansible_*", ignored, "", "", kNoAnsible},
    {"ip6", unavailable, "", "", "muster's clusters are IPv4"},
    {"access_ip6", unavailable, "", "", "muster's clusters are IPv4"},
};

// What muster does anyway, or does otherwise.
constexpr VariableRule kCluster[] = {
    {"container_manager", unavailable, "", "containerd", "containerd runs the containers"},
    {"containerd_storage_dir", unavailable, "", "/var/lib/containerd", kContainerd},
    {"containerd_registries_mirrors", unavailable, "", "", kContainerd},
    {"containerd_registry_auth", unavailable, "", "", kContainerd},
    {"containerd_insecure_registries", unavailable, "", "", kContainerd},
    {"containerd_*", ignored, "", "", kContainerd},
    {"docker_*", ignored, "", "", "there is no docker"},
    {"crio_*", ignored, "", "", "there is no cri-o"},
    {"kata_containers_enabled", unavailable, "", "false", "runc is the only runtime"},
    {"gvisor_enabled", unavailable, "", "false", "runc is the only runtime"},
    {"crun_enabled", unavailable, "", "false", "runc is the only runtime"},
    {"youki_enabled", unavailable, "", "false", "runc is the only runtime"},
    {"etcd_deployment_type", unavailable, "", "host", "etcd runs as a systemd unit"},
    {"etcd_data_dir", unavailable, "", "/var/lib/etcd", "etcd's data is in /var/lib/etcd"},
    {"etcd_*", ignored, "", "", "etcd is set up by muster's role"},
    {"kube_proxy_mode", unavailable, "", "iptables", "kube-proxy uses iptables"},
    {"kube_proxy_strict_arp", unavailable, "", "false", "kube-proxy uses iptables"},
    {"kube_proxy_*", ignored, "", "", kFlags},
    {"kube_network_plugin_multus", unavailable, "", "false", "pods have one network"},
    {"enable_network_policy", unavailable, "", "false", "'bridge' enforces no NetworkPolicy"},
    {"enable_dual_stack_networks", unavailable, "", "false", "muster's clusters are IPv4"},
    {"ipv4_stack", unavailable, "", "true", "muster's clusters are IPv4"},
    {"ipv6_stack", unavailable, "", "false", "muster's clusters are IPv4"},
    {"kube_service_addresses_ipv6", ignored, "", "", "muster's clusters are IPv4"},
    {"kube_pods_subnet_ipv6", ignored, "", "", "muster's clusters are IPv4"},
    {"kube_network_node_prefix_ipv6", ignored, "", "", "muster's clusters are IPv4"},
    {"kube_apiserver_ip", ignored, "", "", "it is the first address for Services"},
    {"skydns_server", ignored, "", "", "DNS has the tenth address for Services"},
    {"skydns_server_secondary", ignored, "", "", "DNS has the tenth address for Services"},
    {"enable_nodelocaldns", unavailable, "", "false", "pods ask CoreDNS itself"},
    {"nodelocaldns_*", ignored, "", "", "there is no DNS cache on the nodes"},
    {"enable_nodelocaldns_secondary", ignored, "", "", "there is no DNS cache on the nodes"},
    {"upstream_dns_servers", unavailable, "", "", "CoreDNS asks the nodes' own name servers"},
    {"nameservers", unavailable, "", "", "nodes keep their own name servers"},
    {"manual_dns_server", unavailable, "", "", "pods are given no other DNS server"},
    {"searchdomains", unavailable, "", "", "nodes keep their own search domains"},
    {"coredns_*", ignored, "", "", "CoreDNS is set up by muster's role"},
    {"enable_coredns_*", unavailable, "", "false", "CoreDNS is set up by muster's role"},
    {"ndots", unavailable, "", "5", "the kubelet gives every pod 'ndots:5'"},
    {"resolvconf_mode", ignored, "", "", "nodes keep their resolv.conf"},
    {"disable_host_nameservers", ignored, "", "", "nodes keep their resolv.conf"},
    {"kube_encrypt_secret_data", ignored, "", "", "secrets are always encrypted at rest"},
    {"kubernetes_audit", ignored, "", "", "the API always keeps an audit log"},
    {"audit_log_*", ignored, "", "", "the audit log is set up by muster's role"},
    {"remove_anonymous_access", ignored, "", "", "anonymous requests are off by default"},
    {"auto_renew_certificates*", ignored, "", "", "'muster certs renew' renews certificates"},
    {"kubeconfig_localhost*", ignored, "", "", "'muster kubeconfig NAME' prints it"},
    {"kubectl_localhost", ignored, "", "", "'muster artifacts path kubectl' has it"},
    {"loadbalancer_apiserver_localhost", ignored, "", "", "each node has a balancer for the API"},
    {"loadbalancer_apiserver_type", ignored, "", "", "each node has a balancer for the API"},
    {"loadbalancer_apiserver_healthcheck_port", ignored, "", "", "the balancer checks the API"},
    {"supplementary_addresses_in_ssl_keys", unavailable, "", "",
     "the API's certificate has the masters and api_endpoint"},
    {"kube_reserved*", unavailable, "", "false", kFlags},
    {"system_reserved*", unavailable, "", "false", kFlags},
    {"kube_*_reserved", ignored, "", "", kFlags},
    {"kubelet_*", unavailable, "", "", kFlags},
    {"eviction_hard*", unavailable, "", "", kFlags},
    {"tls_min_version", unavailable, "", "", kFlags},
    {"tls_cipher_suites", unavailable, "", "", kFlags},
    {"event_ttl_duration", unavailable, "", "1h0m0s", kFlags},
    {"kube_apiserver_*", unavailable, "", "", kFlags},
    {"kube_controller_*", unavailable, "", "", kFlags},
    {"kube_scheduler_*", unavailable, "", "", kFlags},
    {"kube_kubeadm_*", unavailable, "", "", kFlags},
    {"kube_feature_gates", unavailable, "", "", kFlags},
    {"kube_profiling", unavailable, "", "false", kFlags},
    {"kube_read_only_port", unavailable, "", "0", "kubelets have no read-only port"},
    {"authorization_modes", ignored, "", "", "the API always has Node and RBAC"},
    {"kube_oidc_*", unavailable, "", "false", kUsers},
    {"kube_token_auth", unavailable, "", "false", kUsers},
    {"kube_basic_auth", unavailable, "", "false", kUsers},
    {"kube_webhook_*", unavailable, "", "false", kUsers},
    {"kube_users*", ignored, "", "", kUsers},
    {"kube_api_pwd", ignored, "", "", kUsers},
    {"kube_token_dir", ignored, "", "", kUsers},
    {"kube_owner", ignored, "", "", "only root reads the keys"},
    {"kube_cert_group", ignored, "", "", "only root reads the keys"},
    {"kube_script_dir", ignored, "", "", "nodes get no scripts"},
    {"kube_manifest_dir", ignored, "", "", "the control plane runs as systemd units"},
    {"kubeadm_patches*", unavailable, "", "", "there is no kubeadm: roles of yours can patch"},
    {"kubeadm_*", ignored, "", "", "there is no kubeadm"},
    {"default_kubelet_config_dir", ignored, "", "", kFlags},
    {"kube_override_hostname", ignored, "", "", "nodes are called as their hosts"},
    {"kube_pod_security_*", unavailable, "", "false", kFlags},
    {"podsecuritypolicy_enabled", unavailable, "", "false", kFlags},
    {"volume_cross_zone_attachment", ignored, "", "", kCloud},
    {"persistent_volumes_enabled", unavailable, "", "false", kAddOn},
    {"http_proxy", unavailable, "", "", kProxy},
    {"https_proxy", unavailable, "", "", kProxy},
    {"no_proxy", ignored, "", "", kProxy},
    {"additional_no_proxy", ignored, "", "", kProxy},
    {"no_proxy_exclude_workers", ignored, "", "", kProxy},
    {"https_proxy_cert_file", ignored, "", "", kProxy},
    {"skip_http_proxy_on_os_packages", ignored, "", "", kProxy},
    {"cloud_provider", unavailable, "", "generic|none", kCloud},
    {"external_cloud_provider", unavailable, "", "manual", kCloud},
    {"ntp_enabled", unavailable, "", "false", "muster checks clocks, and sets none"},
    {"ntp_*", ignored, "", "", "muster checks clocks, and sets none"},
    {"deploy_netchecker", ignored, "", "", "'muster test NAME' checks the network"},
};

// What belongs to something that muster does not have.
constexpr VariableRule kParts[] = {
    {"calico_*", ignored, "", "", kPlugin},
    {"typha_*", ignored, "", "", kPlugin},
    {"peer_with_router", ignored, "", "", kPlugin},
    {"global_as_num", ignored, "", "", kPlugin},
    {"nat_outgoing*", ignored, "", "", kPlugin},
    {"cilium_*", ignored, "", "", kPlugin},
    {"flannel_*", ignored, "", "", kPlugin},
    {"weave_*", ignored, "", "", kPlugin},
    {"canal_*", ignored, "", "", kPlugin},
    {"kube_ovn_*", ignored, "", "", kPlugin},
    {"kube_router_*", ignored, "", "", kPlugin},
    {"macvlan_*", ignored, "", "", kPlugin},
    {"enable_nat_default_gateway", ignored, "", "", kPlugin},
    {"custom_cni_*", unavailable, "", "", "apply its manifests yourself when the cluster is up"},
    {"helm_enabled", unavailable, "", "false", kAddOn},
    {"krew_enabled", unavailable, "", "false", kAddOn},
    {"dashboard_enabled", unavailable, "", "false", kAddOn},
    {"registry_enabled", unavailable, "", "false", kAddOn},
    {"metrics_server_enabled", unavailable, "", "false", kAddOn},
    {"local_path_provisioner_enabled", unavailable, "", "false", kAddOn},
    {"local_volume_provisioner_enabled", unavailable, "", "false", kAddOn},
    {"cephfs_provisioner_enabled", unavailable, "", "false", kAddOn},
    {"rbd_provisioner_enabled", unavailable, "", "false", kAddOn},
    {"csi_snapshot_controller_enabled", unavailable, "", "false", kAddOn},
    {"gateway_api_enabled", unavailable, "", "false", kAddOn},
    {"ingress_nginx_enabled", unavailable, "", "false", kAddOn},
    {"ingress_alb_enabled", unavailable, "", "false", kAddOn},
    {"ingress_publish_status_address", ignored, "", "", kAddOn},
    {"cert_manager_enabled", unavailable, "", "false", kAddOn},
    {"metallb_enabled", unavailable, "", "false", kAddOn},
    {"metallb_speaker_enabled", unavailable, "", "false", kAddOn},
    {"argocd_enabled", unavailable, "", "false", kAddOn},
    {"kube_vip_enabled", unavailable, "", "false", kAddOn},
    {"node_feature_discovery_enabled", unavailable, "", "false", kAddOn},
    {"registry_*", ignored, "", "", kAddOn},
    {"metrics_server_*", ignored, "", "", kAddOn},
    {"local_path_provisioner_*", ignored, "", "", kAddOn},
    {"local_volume_provisioner_*", ignored, "", "", kAddOn},
    {"cephfs_provisioner_*", ignored, "", "", kAddOn},
    {"rbd_provisioner_*", ignored, "", "", kAddOn},
    {"gateway_api_*", ignored, "", "", kAddOn},
    {"ingress_nginx_*", ignored, "", "", kAddOn},
    {"ingress_alb_*", ignored, "", "", kAddOn},
    {"cert_manager_*", ignored, "", "", kAddOn},
    {"metallb_*", ignored, "", "", kAddOn},
    {"argocd_*", ignored, "", "", kAddOn},
    {"kube_vip_*", ignored, "", "", kAddOn},
    {"node_feature_discovery_*", ignored, "", "", kAddOn},
    {"aws_ebs_csi_enabled", unavailable, "", "false", kCloud},
    {"azure_csi_enabled", unavailable, "", "false", kCloud},
    {"cinder_csi_enabled", unavailable, "", "false", kCloud},
    {"gcp_pd_csi_enabled", unavailable, "", "false", kCloud},
    {"upcloud_csi_enabled", unavailable, "", "false", kCloud},
    {"vsphere_csi_enabled", unavailable, "", "false", kCloud},
    {"aws_*", ignored, "", "", kCloud},
    {"azure_*", ignored, "", "", kCloud},
    {"cinder_*", ignored, "", "", kCloud},
    {"gcp_*", ignored, "", "", kCloud},
    {"openstack_*", ignored, "", "", kCloud},
    {"upcloud_*", ignored, "", "", kCloud},
    {"vsphere_*", ignored, "", "", kCloud},
    {"oci_*", ignored, "", "", kCloud},
    {"external_*", ignored, "", "", kCloud},
};

// How Kubespray itself works.
constexpr VariableRule kRun[] = {
    {"registry_host", ignored, "", "", kFiles},
    {"files_repo", ignored, "", "", kFiles},
    {"yum_repo", ignored, "", "", "packages come from the nodes' own repositories"},
    {"debian_repo", ignored, "", "", "packages come from the nodes' own repositories"},
    {"ubuntu_repo", ignored, "", "", "packages come from the nodes' own repositories"},
    {"download_*", ignored, "", "", kFiles},
    {"*_download_url", ignored, "", "", kFiles},
    {"*_image_repo", ignored, "", "", kFiles},
    {"*_image_tag", ignored, "", "", kFiles},
    {"*_checksum", ignored, "", "", kFiles},
    {"*_version", ignored, "", "", "other programs' releases are those of muster's catalog"},
    {"local_release_dir", ignored, "", "", "nodes keep verified files in a store of their own"},
    {"retry_stagger", ignored, "", "", "retries wait longer each time by themselves"},
    {"credentials_dir", ignored, "", "", "muster's state keeps the secrets"},
    {"cert_management", ignored, "", "", "muster makes all certificates"},
    {"bootstrap_os", ignored, "", "", "hosts have their system"},
    {"deploy_container_engine", ignored, "", "", "roles install what they need"},
    {"ping_access_ip", ignored, "", "", "'muster check' looks at the hosts"},
    {"ignore_assert_errors", ignored, "", "", "'muster check' looks at the hosts"},
    {"allow_unsupported_distribution_setup", ignored, "", "", "'muster check' looks at the hosts"},
    {"unsafe_show_logs", ignored, "", "", "secrets are never in muster's logs"},
    {"serial", ignored, "", "", "what is in service takes turns by itself"},
    {"drain_*", ignored, "", "", "'muster apply --drain-timeout' says how long"},
    {"upgrade_*", ignored, "", "", kOperation},
    {"reset_*", ignored, "", "", kOperation},
    {"skip_confirmation", ignored, "", "", kOperation},
    {"flush_iptables", ignored, "", "", "muster flushes no firewall"},
    {"delete_nodes_confirmation", ignored, "", "", kOperation},
    {"allow_ungraceful_removal", ignored, "", "", kOperation},
    {"sysctl_*", ignored, "", "", "roles set what they need"},
    {"rh_subscription_*", ignored, "", "", "packages come from the nodes' own repositories"},
};

std::vector<VariableRule> all_rules() {
  std::vector<VariableRule> rules;
  auto add = [&](std::span<const VariableRule> more) {
    rules.insert(rules.end(), more.begin(), more.end());
  };
  add(kMapped);
  add(kHost);
  add(kCluster);
  add(kParts);
  add(kRun);
  return rules;
}

}  // namespace

std::span<const VariableRule> kubespray_variables() {
  static const auto rules = all_rules();
  return rules;
}

}  // namespace muster
