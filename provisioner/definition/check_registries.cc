// How nodes reach what is outside: registries and proxies.
#include <algorithm>

#include "provisioner/definition/check.h"
#include "provisioner/definition/masking.h"
#include "provisioner/definition/url.h"

namespace muster {

namespace {

constexpr std::string_view kOthers = "*";

/// "host" or "host:port" of the mistake "https://host/path", or nothing.
std::string host_in(std::string_view text) {
  if (auto url = parse_url(text)) return url->host + (url->port.empty() ? "" : ":" + url->port);
  auto host = text.substr(0, text.find('/'));
  return host != text && !host.empty() && !check_endpoint(host) ? std::string(host) : "";
}

bool is_http(const Url& url) { return url.scheme == "http" || url.scheme == "https"; }

}  // namespace

void Checker::read_registries(const Value& registries) {
  for (const auto& [host, at, value] : registries.members) {
    if (host != kOthers && check_endpoint(host)) {
      auto meant = host_in(host);
      error(at, host.empty() ? "a registry has no host" : shown(host) + " is no host of a registry",
            meant.empty() ? "e.g. \"docker.io\" or \"registry.example.com:5000\""
                          : "write " + shown(meant));
      continue;
    }
    if (!value.is_object()) {
      error(value.at,
            "the registry " + shown(host) + " must be an object, not " + describe(value.kind),
            value.is_string() || value.is_list() ? "e.g. {\"mirrors\": [\"https://...\"]}" : "");
      continue;
    }
    definition_.programs.registries[host] = read_registry(host, value);
  }
}

Registry Checker::read_registry(const std::string& host, const Value& value) {
  check_keys(value, registry_keys());
  Registry registry;
  if (const auto* mirrors = get(value, registry_keys(), "mirrors")) {
    for (const auto* mirror : strings(*mirrors, "mirrors")) {
      if (check_mirror(*mirror)) registry.mirrors.push_back(mirror->text);
    }
  }
  if (const auto* ca = get(value, registry_keys(), "ca")) registry.ca = certificates(*ca);
  const auto* auth = get(value, registry_keys(), "auth");
  if (auth == nullptr) return registry;
  check_keys(*auth, registry_auth_keys());
  if (host == kOthers) {
    error(auth->at, "'auth' of \"*\" would be shown to every registry",
          "write it at the registries that it is of");
    return registry;
  }
  if (const auto* name = get(*auth, registry_auth_keys(), "username")) {
    registry.username = name->text;
    if (name->text.empty() || name->text.find(':') != std::string::npos) {
      error(name->at, "the username " + shown(name->text) + " is none",
            "one or more characters, without ':'");
    }
  } else if (auth->find("username") == nullptr) {
    error(auth->at, "'auth' of the registry " + shown(host) + " has no \"username\"",
          "registries with tokens take any, e.g. \"token\"");
  }
  read_secret(
      *auth, registry_auth_keys(),
      {registry_secret(host), "password", "the password of the registry " + shown(host), true});
  return registry;
}

bool Checker::check_mirror(const Value& mirror) {
  auto url = parse_url(mirror.text);
  if (!url || !is_http(*url)) {
    bool host = !check_endpoint(mirror.text);
    error(mirror.at,
          "the mirror " + shown(mirror.text) + " is no URL with http or https and a host",
          host ? "write " + shown("https://" + mirror.text)
               : "e.g. \"https://mirror.example.com:5000\"");
    return false;
  }
  if (!url->login.empty()) {
    error(mirror.at, "the mirror at '" + url->host + "' has a login in its URL",
          "write it at the registry of that host: \"registries\": {\"" + url->host +
              "\": {\"auth\": ...}}");
    return false;
  }
  return true;
}

std::string Checker::certificates(const Value& pem) {
  if (pem.text.find("PRIVATE KEY") != std::string::npos) {
    error(pem.at, "'ca' has a private key in it", "nodes need the certificate only");
  } else if (pem.text.find("-----BEGIN CERTIFICATE-----") == std::string::npos ||
             pem.text.find("-----END CERTIFICATE-----") == std::string::npos) {
    error(pem.at, "'ca' is no certificate",
          "it is the path of a file, or text with -----BEGIN CERTIFICATE----- (PEM)");
  } else if (rules_.are_certificates != nullptr && !rules_.recorded &&
             !rules_.are_certificates(pem.text)) {
    error(pem.at, "'ca' has a certificate that cannot be read",
          "see: openssl x509 -noout -text -in FILE");
  }
  return pem.text + (pem.text.ends_with('\n') ? "" : "\n");
}

void Checker::read_proxy(const Value& proxy) {
  check_keys(proxy, proxy_keys());
  auto& read = definition_.programs.proxy;
  for (const auto& [key, url, secret] : {std::tuple{"http", &read.http, kHttpProxy},
                                         std::tuple{"https", &read.https, kHttpsProxy}}) {
    const auto* value = get(proxy, proxy_keys(), key);
    if (value == nullptr) continue;
    const auto what = "the " + std::string(key) + " proxy";
    if (is_crossed_out(value->text)) {
      read_clear_secret(secret, what, *value);
      read.wanted = true;
      continue;
    }
    auto parts = parse_url(value->text);
    if (!parts || !is_http(*parts) || (!parts->path.empty() && parts->path != "/")) {
      bool host = !check_endpoint(value->text);
      bool shows = value->text.find('@') == std::string::npos;
      error(value->at, what + (shows ? " " + shown(value->text) : "") + " is no URL of a proxy",
            host ? "write " + shown("http://" + value->text)
                 : "e.g. \"http://proxy.example.com:3128\"");
    } else if (!parts->login.empty()) {
      read_clear_secret(secret, what, *value);
    } else {
      *url = value->text;
    }
    read.wanted = true;
  }
  if (const auto* list = get(proxy, proxy_keys(), "no_proxy")) {
    for (const auto* item : strings(*list, "no_proxy")) {
      if (item->text.empty() || item->text.find_first_of(", \t\n\"'%$\\") != std::string::npos) {
        error(item->at, shown(item->text) + " is no name, domain, address or network",
              "one in each item, e.g. \".example.com\", \"10.0.0.0/8\"");
        continue;
      }
      read.no_proxy.push_back(item->text);
    }
  }
}

}  // namespace muster
