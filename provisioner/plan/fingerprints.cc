#include "provisioner/plan/fingerprints.h"

#include <algorithm>
#include <array>

#include "provisioner/base/text.h"
#include "provisioner/plan/plan.h"
#include "provisioner/releases/releases.h"

namespace muster {

namespace {

/// "extra.kubelet": what a definition adds for the kubelet.
constexpr std::string_view kExtraPrefix = "extra.";

/// Text to take a fingerprint of: each field with its length, so that no two lists read the same.
class Canonical {
 public:
  Canonical& add(const std::string& field) {
    text_ += std::to_string(field.size()) + ":" + field;
    return *this;
  }
  Canonical& add(int number) { return add(std::to_string(number)); }
  Canonical& add(const std::vector<std::string>& list) {
    add(static_cast<int>(list.size()));
    for (const auto& item : list) add(item);
    return *this;
  }
  Canonical& add(const std::map<std::string, std::string>& map) {
    add(static_cast<int>(map.size()));
    for (const auto& [key, value] : map) add(key).add(value);
    return *this;
  }
  std::string hash() const { return fingerprint(text_); }

 private:
  std::string text_;
};

Canonical canonical_settings(const Cluster& cluster) {
  const auto& s = cluster.settings;
  Canonical text;
  text.add(cluster.name).add(cluster.tenant).add(cluster.api_endpoint);
  text.add(s.version).add(s.service_cidr).add(s.pod_cidr).add(s.node_prefix);
  text.add(s.api_port).add(s.balancer_port).add(s.dns_domain).add(s.network_plugin);
  text.add(s.dns_mode).add(s.bin_dir).add(s.config_dir).add(s.cert_dir).add(s.log_level);
  text.add(s.login_user).add(s.api_ip).add(s.dns_ip).add(s.attribs);
  // A new muster may have newer parts for the same release.
  const auto release = known_releases().values(s.version);
  text.add(release.texts);
  for (const auto& [name, holds] : release.facts) text.add(name).add(holds ? 1 : 0);
  return text;
}

int version_of(const Cluster& cluster, const std::string& secret) {
  auto found = cluster.secrets.find(secret);
  return found == cluster.secrets.end() ? 0 : found->second.version;
}

void add_component(Canonical& text, const ComponentSettings& component) {
  for (const auto& [flag, value] : component.args) text.add(flag).add(value);
  text.add(component.config);
}

void add_registries(Canonical& text, const Cluster& cluster) {
  for (const auto& [host, registry] : cluster.settings.programs.registries) {
    text.add(host).add(registry.mirrors).add(registry.username).add(registry.ca);
    text.add(version_of(cluster, registry_secret(host)));
  }
}

/// Adds what roles see only when they say that they use it. What a definition does not have adds
/// nothing.
void add_used(Canonical& text, const Cluster& cluster, const std::string& used) {
  const auto& programs = cluster.settings.programs;
  if (used == "access") {
    text.add(cluster.public_keys);
  } else if (used == "registries") {
    add_registries(text, cluster);
  } else if (used == "proxy" && programs.proxy.wanted) {
    const auto& proxy = programs.proxy;
    text.add(proxy.http).add(proxy.https).add(proxy.no_proxy);
    text.add(version_of(cluster, kHttpProxy)).add(version_of(cluster, kHttpsProxy));
  } else if (used == "audit") {
    const auto& webhook = programs.audit_webhook;
    if (!programs.audit_policy.empty()) text.add(programs.audit_policy);
    if (webhook.url.empty()) return;
    text.add(webhook.url).add(webhook.ca).add(webhook.mode).add(version_of(cluster, kAuditToken));
  } else if (used == "authentication" && !programs.jwt.empty()) {
    text.add(programs.jwt);
  } else if (used.starts_with(kExtraPrefix)) {
    auto found = programs.components.find(used.substr(kExtraPrefix.size()));
    if (found != programs.components.end()) add_component(text, found->second);
  }
}

}  // namespace

const NodeRecord* kept_record(const RecordIndex& recorded, const Node& node) {
  const auto* found = find_in(recorded, node.name);
  return found != nullptr && found->state == NodeState::ready ? found : nullptr;
}

bool wants(const Node& node, const std::string& role) {
  return std::find(node.all_roles.begin(), node.all_roles.end(), role) != node.all_roles.end();
}

bool uses(const Role& role, const std::string& used) {
  return std::find(role.uses.begin(), role.uses.end(), used) != role.uses.end();
}

bool has_certificates(const Role& role) {
  return !role.certificates.empty() || !role.authorities.empty();
}

Fingerprints::Fingerprints(const Cluster& cluster, const DeploymentRecord* record)
    : cluster_(cluster) {
  if (record != nullptr) recorded_ = index_of(*record);
  if (record != nullptr) generation_ = record->certificates.generation;
}

std::string Fingerprints::of(const Node& node, const Role& role) {
  return role_part(role) + "." + settings_part(role) + "." + node_part(node) + "." +
         members_part(role) + certificates_part(role);
}

std::string Fingerprints::certificates_part(const Role& role) const {
  if (generation_ == 0 || !has_certificates(role)) return "";
  return "." + std::to_string(generation_);
}

const std::string& Fingerprints::pod_cidr(const Node& node) const {
  const auto* kept = kept_record(recorded_, node);
  return kept != nullptr && !kept->pod_cidr.empty() ? kept->pod_cidr : node.pod_cidr;
}

const std::string& Fingerprints::node_part(const Node& node) {
  if (hashed_ == &node) return node_;
  Canonical text;
  text.add(node.name).add(node.fqdn).add(pod_cidr(node));
  hashed_ = &node;
  return node_ = text.add(node.roles).add(node.labels).add(node.taints).hash();
}

const std::string& Fingerprints::role_part(const Role& role) {
  auto [found, fresh] = files_.emplace(role.name, "");
  if (fresh) found->second = fingerprint(role.fingerprint);
  return found->second;
}

const std::string& Fingerprints::members_part(const Role& role) {
  auto [found, fresh] = members_.emplace(role.name, "");
  if (!fresh) return found->second;
  Canonical text;
  for (const auto& used : role.uses) {
    std::map<std::string, std::string> members;
    for (const auto& node : cluster_.nodes) {
      if (used == "*" || wants(node, used)) members.emplace(node.name, pod_cidr(node));
    }
    text.add(used).add(members);
  }
  return found->second = text.hash();
}

const std::string& Fingerprints::settings_part(const Role& role) {
  auto [found, fresh] = settings_.emplace(role.name, "");
  if (!fresh) return found->second;
  auto text = canonical_settings(cluster_);
  for (const auto& used : role.uses) add_used(text, cluster_, used);
  return found->second = text.hash();
}

std::string settings_part(const std::string& fingerprint) {
  const auto parts = split(fingerprint, '.');
  return parts.size() < 2 ? "" : parts[1];
}

std::vector<std::string> changed_parts(const std::string& recorded, const std::string& wanted) {
  static const std::array<const char*, 5> kParts{"role files", "settings", "node", "members",
                                                 kCertificatesPart};
  auto before = split(recorded, '.');
  auto after = split(wanted, '.');
  if (before.size() != kParts.size() && before.size() != kParts.size() - 1) {
    return {"how muster records it"};
  }
  // Of the first generation nothing is said.
  before.resize(kParts.size());
  after.resize(kParts.size());
  std::vector<std::string> changed;
  for (std::size_t i = 0; i < kParts.size(); ++i) {
    if (before[i] != after[i]) changed.emplace_back(kParts[i]);
  }
  return changed;
}

std::string role_fingerprint(const Cluster& cluster, const Node& node, const Role& role,
                             const DeploymentRecord* record) {
  return Fingerprints(cluster, record).of(node, role);
}

}  // namespace muster
