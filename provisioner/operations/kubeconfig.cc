#include "provisioner/operations/kubeconfig.h"

#include "inventory/address.h"
#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/run/access.h"

namespace muster {

std::optional<std::string> api_server(const Cluster& cluster, const DeploymentRecord& record) {
  const auto port = std::to_string(cluster.settings.api_port);
  if (!cluster.api_endpoint.empty()) {
    bool has_port = cluster.api_endpoint.rfind(':') != std::string::npos;
    return "https://" + cluster.api_endpoint + (has_port ? "" : ":" + port);
  }
  for (const auto& node : record.nodes) {
    if (node.find_role("k8s-master") != nullptr) {
      return "https://" + bracketed(node.endpoint.address) + ":" + port;
    }
  }
  return std::nullopt;
}

Secret kubeconfig_text(const std::string& cluster, const std::string& server,
                       const std::string& trusted, const Identity& admin) {
  const auto name = yaml_quoted(cluster);
  const auto context = yaml_quoted("admin@" + cluster);
  return Secret("apiVersion: v1\nkind: Config\nclusters:\n- name: " + name +
                "\n  cluster:\n    server: " + yaml_quoted(server) +
                "\n    certificate-authority-data: " + yaml_quoted(base64_encode(trusted)) +
                "\nusers:\n- name: " + context + "\n  user:\n    client-certificate-data: " +
                yaml_quoted(base64_encode(admin.certificate)) +
                "\n    client-key-data: " + yaml_quoted(base64_encode(admin.key.reveal())) +
                "\ncontexts:\n- name: " + context + "\n  context:\n    cluster: " + name +
                "\n    user: " + context + "\ncurrent-context: " + context + "\n");
}

Secret admin_kubeconfig(Store& store, const Cluster& cluster, const DeploymentRecord& record) {
  const auto server = api_server(cluster, record);
  if (!server) {
    throw Error("'" + record.name + "' has no running master yet")
        .hint("see how far it is: muster status " + record.name);
  }
  auto vault = deployment_vault(store, record.name);
  Pki pki(*vault, record.name, record.certificates);
  CertificateSpec spec;
  spec.name = "admin";
  spec.authority = "cluster";
  spec.common_name = "admin";
  spec.organizations = {"system:masters"};
  spec.client = true;
  return kubeconfig_text(record.name, *server, pki.trusted("cluster"), pki.certificate(spec));
}

}  // namespace muster
