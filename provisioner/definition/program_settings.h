#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "provisioner/base/diagnostics.h"
#include "provisioner/base/secret.h"

namespace muster {

/// How nodes pull images from the registry of one host.
struct Registry {
  std::vector<std::string> mirrors;  ///< URLs, asked in this order before the registry itself
  std::string username;  ///< empty: none is told; else registry_secret() is its password
  std::string ca;        ///< certificates to trust besides the node's own, PEM
};

/// How nodes reach what is outside, when they install packages and pull images.
struct ProxySettings {
  bool wanted = false;  ///< the definition has some
  std::string http;     ///< a URL; empty: none, or it has a login and is the secret kHttpProxy
  std::string https;
  std::vector<std::string> no_proxy;  ///< besides what muster knows itself
};

/// What is added to muster's own settings of one program.
struct ComponentSettings {
  std::vector<std::pair<std::string, std::string>> args;  ///< flag without dashes, value
  std::string config;  ///< JSON object text, put over the program's file; empty: nothing
};

/// Where the API server's audit log goes besides its file.
struct AuditWebhook {
  std::string url;  ///< empty: nowhere
  std::string ca;
  std::string mode;  ///< "batch", "blocking", "blocking-strict"
};

/// What a definition says of single programs, checked; their secrets are apart.
struct ProgramSettings {
  std::map<std::string, Registry> registries;  ///< by host: "docker.io", "10.0.0.5:5000", "*"
  ProxySettings proxy;
  std::map<std::string, ComponentSettings> components;  ///< by name: "kubelet"
  std::string audit_policy;                             ///< JSON text; empty: muster's own
  AuditWebhook audit_webhook;
  std::string jwt;  ///< JSON list text, as in AuthenticationConfiguration; empty: none
};

/// A secret that a definition has, or says where to find.
struct DefinitionSecret {
  std::optional<Secret> value;  ///< nothing: crossed out, what the state keeps counts
  std::string what;             ///< "the password of the registry 'docker.io'"
  Position at;
};

/// By the names below.
using DefinitionSecrets = std::map<std::string, DefinitionSecret>;

inline std::string registry_secret(const std::string& host) { return "registry " + host; }
inline constexpr char kHttpProxy[] = "proxy http";
inline constexpr char kHttpsProxy[] = "proxy https";
inline constexpr char kAuditToken[] = "audit webhook";

/// The programs that definitions may give more flags to.
inline constexpr const char* kComponents[] = {
    "kubelet", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "etcd"};

}  // namespace muster
