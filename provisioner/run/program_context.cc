#include "provisioner/run/program_context.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "provisioner/base/text.h"
#include "provisioner/definition/url.h"
#include "provisioner/definition/value.h"

namespace muster {

namespace {

using ContextJson = nlohmann::json;

constexpr const char* kRegistryFolders = "/etc/containerd/certs.d/";

std::string revealed(const Cluster& cluster, const std::string& secret) {
  auto found = cluster.secrets.find(secret);
  return found == cluster.secrets.end() ? "" : found->second.value.reveal();
}

/// As containerd looks for it.
std::string folder_of(const std::string& host) {
  if (host == "*") return "_default";
  auto colon = host.find(':');
  if (colon == std::string::npos) return host;
  return host.substr(0, colon) + "_" + host.substr(colon + 1) + "_";
}

/// Where the registry that images call by this name is.
std::string server_of(const std::string& host) {
  return host == "docker.io" ? "registry-1.docker.io" : host;
}

/// JSON's escapes are TOML's as well.
std::string in_toml(const std::string& text) { return to_json(Value::of(text)); }

ContextJson mirror_context(const std::string& mirror, const ProgramSettings& programs) {
  auto url = parse_url(mirror).value_or(Url{});
  auto host = url.host + (url.port.empty() ? "" : ":" + url.port);
  auto known = programs.registries.find(host);
  bool own = known != programs.registries.end() && !known->second.ca.empty();
  return {{"url", mirror},
          {"ca_file", own ? kRegistryFolders + folder_of(host) + "/ca.crt" : ""},
          // Else containerd adds "/v2" to what stands there.
          {"whole_path", url.path.starts_with("/v2/")}};
}

ContextJson registries_context(const Cluster& cluster) {
  const auto& programs = cluster.settings.programs;
  ContextJson hosts = ContextJson::array();
  ContextJson logins = ContextJson::array();
  for (const auto& [host, registry] : programs.registries) {
    ContextJson mirrors = ContextJson::array();
    for (const auto& mirror : registry.mirrors) mirrors.push_back(mirror_context(mirror, programs));
    hosts.push_back({{"host", host},
                     {"folder", folder_of(host)},
                     {"server", host == "*" ? "" : "https://" + server_of(host)},
                     {"ca", registry.ca},
                     {"mirrors", mirrors}});
    if (registry.username.empty()) continue;
    logins.push_back({{"host", server_of(host)},
                      {"username", in_toml(registry.username)},
                      {"password", in_toml(revealed(cluster, registry_secret(host)))}});
  }
  return {{"hosts", hosts}, {"logins", logins}};
}

/// What is reached without a proxy: the cluster's own, then what the definition says.
std::string no_proxy_of(const ContextInput& input) {
  const auto& settings = input.cluster->settings;
  std::vector<std::string> names{"localhost",
                                 "127.0.0.0/8",
                                 "::1",
                                 settings.service_cidr,
                                 settings.pod_cidr,
                                 ".svc",
                                 "." + settings.dns_domain};
  for (const auto& node : input.cluster->nodes) {
    auto endpoint = input.endpoints->find(node.name);
    if (endpoint == input.endpoints->end()) continue;
    names.push_back(node.name);
    names.push_back(endpoint->second.in_cluster());
  }
  const auto& more = settings.programs.proxy.no_proxy;
  names.insert(names.end(), more.begin(), more.end());
  return join(names, ",");
}

ContextJson proxy_context(const ContextInput& input) {
  const auto& proxy = input.cluster->settings.programs.proxy;
  if (!proxy.wanted) return {{"http", ""}, {"https", ""}, {"no_proxy", ""}};
  auto url = [&](const std::string& plain, const char* secret) {
    return plain.empty() ? revealed(*input.cluster, secret) : plain;
  };
  return {{"http", url(proxy.http, kHttpProxy)},
          {"https", url(proxy.https, kHttpsProxy)},
          {"no_proxy", no_proxy_of(input)}};
}

/// One word of a command line in a unit.
std::string in_unit(const std::string& word) {
  std::string out = "\"";
  for (char c : word) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '%' || c == '$') out += c;
    out += c;
  }
  return out + "\"";
}

/// Behind a unit's last flag: " \" and a line for each.
std::string flags_in_unit(const ComponentSettings& component) {
  std::string out;
  for (const auto& [flag, value] : component.args) {
    out += " \\\n  " + in_unit("--" + flag + "=" + value);
  }
  return out;
}

ContextJson extra_context(const ProgramSettings& programs) {
  ContextJson extra;
  for (std::string component : kComponents) {
    auto found = programs.components.find(component);
    const auto settings = found == programs.components.end() ? ComponentSettings{} : found->second;
    std::replace(component.begin(), component.end(), '-', '_');
    extra[component] = {{"flags", flags_in_unit(settings)}, {"config", settings.config}};
  }
  return extra;
}

}  // namespace

void add_programs(nlohmann::json& context, const ContextInput& input) {
  const auto& programs = input.cluster->settings.programs;
  const auto& webhook = programs.audit_webhook;
  context["registries"] = registries_context(*input.cluster);
  context["proxy"] = proxy_context(input);
  context["extra"] = extra_context(programs);
  context["audit"] = {{"policy", programs.audit_policy},
                      {"webhook",
                       {{"url", webhook.url},
                        {"mode", webhook.mode},
                        {"ca_b64", webhook.ca.empty() ? "" : base64_encode(webhook.ca)},
                        {"token", revealed(*input.cluster, kAuditToken)}}}};
  context["authentication"] = {{"jwt", programs.jwt}};
}

}  // namespace muster
