#include "provisioner/run/context.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "provisioner/base/text.h"
#include "provisioner/definition/names.h"
#include "provisioner/releases/releases.h"
#include "provisioner/run/program_context.h"
#include "provisioner/tasks/compile.h"

namespace muster {

namespace {

using Json = nlohmann::json;

std::string with_underscores(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

/// What belongs to the cluster's release.
Json release_context(const std::string& version) {
  const auto values = known_releases().values(version);
  Json context = values.texts;
  for (const auto& [name, holds] : values.facts) context[name] = holds;
  return context;
}

bool is_on(const ClusterSettings& settings, const std::string& attrib) {
  auto found = settings.attribs.find(attrib);
  return found != settings.attribs.end() && found->second == "true";
}

Json cluster_context(const Cluster& cluster, const ClusterSettings& settings,
                     const std::map<std::string, bool>& artifacts) {
  auto coredns = artifacts.find("coredns-image");
  bool wanted = std::ranges::any_of(cluster.nodes,
                                    [](const Node& node) { return node.has_role("k8s-addons"); });
  bool dns = wanted && cluster.settings.dns_mode == "coredns" && coredns != artifacts.end() &&
             coredns->second;
  return {{"name", cluster.name},
          {"tenant", cluster.tenant},
          {"version", settings.version},
          {"service_cidr", settings.service_cidr},
          {"pod_cidr", settings.pod_cidr},
          {"node_prefix", settings.node_prefix},
          {"api_port", settings.api_port},
          {"balancer_port", settings.balancer_port},
          {"dns_domain", settings.dns_domain},
          {"dns_ip", settings.dns_ip},
          {"api_ip", settings.api_ip},
          {"network_plugin", settings.network_plugin},
          {"network_bridge", settings.network_plugin == "bridge"},
          {"dns_mode", settings.dns_mode},
          {"dns", dns},
          {"bin_dir", settings.bin_dir},
          {"config_dir", settings.config_dir},
          {"cert_dir", settings.cert_dir},
          {"log_level", settings.log_level},
          {"login_user", settings.login_user},
          {"api_anonymous", is_on(settings, "k8s_kube_api_anonymous_auth")},
          // A certificate names the host alone; the port is the kubeconfig's business.
          {"api_endpoint", cluster.api_endpoint.substr(0, cluster.api_endpoint.rfind(':'))}};
}

std::vector<std::string> taints_of(const Node& node) {
  auto taints = node.taints;
  const std::string own = "node-role.kubernetes.io/control-plane=:NoSchedule";
  // A kubelet with two of one key and effect never registers: the definition's own is enough.
  bool given = std::ranges::any_of(
      taints, [&](const std::string& taint) { return taint_slot(taint) == taint_slot(own); });
  if (node.has_role("k8s-master") && !node.has_role("k8s-worker") && !given) {
    taints.insert(taints.begin(), own);
  }
  return taints;
}

/// Of "key=value:Effect" and "key:Effect".
Json taint_list(const std::vector<std::string>& taints) {
  Json list = Json::array();
  for (const auto& taint : taints) {
    auto colon = taint.rfind(':');
    auto equals = std::min(taint.find('='), colon);
    list.push_back({{"key", taint.substr(0, equals)},
                    {"value", equals == colon ? "" : taint.substr(equals + 1, colon - equals - 1)},
                    {"effect", taint.substr(colon + 1)},
                    {"comma", ", "}});
  }
  if (!list.empty()) list.back()["comma"] = "";
  return list;
}

Json node_context(const Node& node, const Endpoint& endpoint) {
  std::vector<std::string> labels;
  for (const auto& [key, value] : node.labels) labels.push_back(key + "=" + value);
  bool master = node.has_role("k8s-master");
  bool worker = node.has_role("k8s-worker");
  return {{"name", node.name},
          {"fqdn", node.fqdn},
          {"address", endpoint.in_cluster()},
          {"ssh_address", endpoint.address},
          {"index", node.index},
          {"pod_cidr", node.pod_cidr},
          {"kubernetes", node.is_of_kubernetes()},
          {"is_master", master},
          {"is_etcd", node.has_role("etcd")},
          {"is_worker", worker},
          {"schedulable", worker},
          {"labels", join(labels, ",")},
          {"taints", join(taints_of(node), ",")},
          {"taint_list", taint_list(taints_of(node))}};
}

/// The roles that some node has, and those that templates may always ask for.
std::set<std::string> role_names(const Cluster& cluster) {
  std::set<std::string> names{"etcd", "k8s-master", "k8s-worker", "k8s-addons"};
  for (const auto& node : cluster.nodes) {
    names.insert(node.all_roles.begin(), node.all_roles.end());
  }
  return names;
}

/// Whether the node had `role` (any, when that is empty) before the run, and still has its disk.
bool had(const NodeRecord* node, const std::string& role) {
  if (node == nullptr) return false;
  if (!node->is_there()) return false;
  if (role.empty()) return true;
  const auto* known = node->find_role(role);
  return known != nullptr && !known->fingerprint.empty();
}

/// The nodes that exist and, when `role` is not empty, have it.
Json members(const ContextInput& input, const std::string& role) {
  Json list = Json::array();
  for (const auto& node : input.cluster->nodes) {
    auto endpoint = input.endpoints->find(node.name);
    if (endpoint == input.endpoints->end()) continue;
    if (!role.empty() && !node.has_role(role)) continue;
    bool self = node.name == input.node->name;
    list.push_back({{"name", node.name},
                    {"address", endpoint->second.in_cluster()},
                    {"pod_cidr", node.pod_cidr},
                    {"index", node.index},
                    {"self", self},
                    {"other", !self},
                    {"former", had(find_in(*input.before, node.name), role)},
                    {"comma", ","}});
  }
  for (auto& item : list) item["alone"] = list.size() == 1;
  if (!list.empty()) list.back()["comma"] = "";
  return list;
}

/// Only what the role uses: with a thousand nodes, lists of them all for each of them would be most
/// of a run's work.
void add_members(Json& context, const ContextInput& input) {
  context["members"] = Json::object();
  const auto& uses = input.role->uses;
  bool all = std::ranges::find(uses, "*") != uses.end();
  if (all) context["nodes"] = members(input, "");
  for (const auto& role : all ? role_names(*input.cluster) : std::set(uses.begin(), uses.end())) {
    context["members"][with_underscores(role)] = members(input, role);
  }
}

Json facts_context(const Facts& facts) {
  Json context = Json::object();
  for (const auto& [name, value] : facts.values) {
    if (value == "true" || value == "false") {
      context[name] = value == "true";
    } else {
      context[name] = value;
    }
  }
  return context;
}

Json identity_context(const Identity& identity, bool with_key) {
  Json context{{"crt", identity.certificate}, {"crt_b64", base64_encode(identity.certificate)}};
  if (with_key) {
    context["key"] = identity.key.reveal();
    context["key_b64"] = base64_encode(identity.key.reveal());
  }
  return context;
}

/// "crt" is what to trust: more than the one that issues while authorities are rotated.
Json authority_context(const std::string& name, bool with_key, Pki& pki) {
  const auto issuer = pki.authority(name);
  auto context = identity_context({pki.trusted(name), issuer.key}, with_key);
  context["issuer"] = issuer.certificate;
  return context;
}

void add_rotation(Json& keys, const CertificateOrder& order) {
  keys["first_issue"] = order.phase == RotationPhase::issue;
  int begun = order.rotations - (order.phase == RotationPhase::trust ? 1 : 0);
  keys["rotations"] = begun > 0 ? std::to_string(begun) : "";
}

bool wants(const Role& role, const std::string& authority) {
  return std::find(role.authorities.begin(), role.authorities.end(), authority) !=
         role.authorities.end();
}

std::vector<std::string> render_all(const std::vector<std::string>& texts, const Role& role,
                                    const Json& context) {
  std::vector<std::string> out;
  for (const auto& text : texts) {
    auto rendered = render_template(text, role.file, context);
    if (!rendered.empty()) out.push_back(std::move(rendered));
  }
  return out;
}

void add_keys(Json& context, const ContextInput& input, Pki& pki) {
  const Role& role = *input.role;
  Json& keys = context["pki"] = Json::object();
  for (const char* name : kAuthorities) {
    keys[with_underscores(name) + "_ca"] = authority_context(name, wants(role, name), pki);
  }
  add_rotation(keys, *input.certificates);
  if (wants(role, "service-account")) {
    auto [key, public_key] = pki.signing_key("service-account");
    keys["service_account"] = {{"key", key.reveal()}, {"pub", public_key}};
  }
  if (wants(role, "encryption")) {
    context["secrets"]["encryption_key"] = pki.random_key("encryption").reveal();
  }
  for (const auto& request : role.certificates) {
    CertificateSpec spec;
    spec.name = request.name + "/" + input.node->name;
    spec.authority = request.ca;
    spec.common_name = render_template(request.common_name, role.file, context);
    spec.organizations = render_all(request.organizations, role, context);
    spec.sans = render_all(request.sans, role, context);
    spec.server = request.server;
    spec.client = request.client;
    keys[request.name] = identity_context(pki.certificate(spec), true);
  }
}

}  // namespace

nlohmann::json make_context(const ContextInput& input, Pki& pki) {
  const Cluster& cluster = *input.cluster;
  const auto& settings = input.settings != nullptr ? *input.settings : cluster.settings;
  Json context;
  context["cluster"] = cluster_context(cluster, settings, input.artifacts);
  context["k8s"] = release_context(cluster.settings.version);
  context["attribs"] = Json::object();
  for (const auto& [name, value] : settings.attribs) {
    context["attribs"][with_underscores(name)] = value;
  }
  auto endpoint = input.endpoints->find(input.node->name);
  context["node"] =
      node_context(*input.node, endpoint == input.endpoints->end() ? Endpoint{} : endpoint->second);
  add_members(context, input);
  context["facts"] = facts_context(input.facts);
  std::vector<std::string> keys;
  for (const auto& [name, key] : cluster.public_keys) keys.push_back(key);
  context["access"] = {{"keys", join(keys, "\n")}};
  add_programs(context, input);
  context["artifacts"] = Json::object();
  for (const auto& [name, available] : input.artifacts) {
    context["artifacts"][with_underscores(name)] = available;
  }
  context["leaving"] = {{"drains", input.drains},
                        {"seconds", input.drain_seconds},
                        {"force", input.force_drain},
                        {"dns", input.drains && !context["cluster"]["dns"].get<bool>()}};
  add_keys(context, input, pki);
  return context;
}

}  // namespace muster
