// What the API server writes down, and who it believes.
#include <algorithm>

#include "provisioner/base/text.h"
#include "provisioner/definition/attribs.h"
#include "provisioner/definition/check.h"
#include "provisioner/definition/url.h"
#include "provisioner/releases/releases.h"

namespace muster {

namespace {

using Kind = Value::Kind;

constexpr const char* kOidcPrefix = "oidc:";
const std::vector<std::string> kWebhookModes{"batch", "blocking", "blocking-strict"};

Value empty_object() {
  Value value;
  value.kind = Kind::object;
  return value;
}

void put_in(Value& object, std::string key, Value value) {
  object.members.push_back({std::move(key), {}, std::move(value)});
}

bool says(const Value& object, std::string_view key, std::string_view text) {
  const auto* value = object.find(key);
  return value != nullptr && value->is_string() && value->text == text;
}

}  // namespace

void Checker::read_audit(const Value& audit) {
  check_keys(audit, audit_keys());
  if (const auto* policy = get(audit, audit_keys(), "policy")) read_audit_policy(*policy);
  const auto* webhook = get(audit, audit_keys(), "webhook");
  if (webhook == nullptr) return;
  check_keys(*webhook, audit_webhook_keys());
  auto& read = definition_.programs.audit_webhook;
  read.mode = kWebhookModes.front();
  if (const auto* url = get(*webhook, audit_webhook_keys(), "url")) {
    read.url = url->text;
    check_url(*url, "the audit webhook", {"https", "http"});
  } else if (webhook->find("url") == nullptr) {
    error(webhook->at, "the audit webhook has no \"url\"");
  }
  if (const auto* ca = get(*webhook, audit_webhook_keys(), "ca")) read.ca = certificates(*ca);
  if (const auto* mode = get(*webhook, audit_webhook_keys(), "mode")) {
    read.mode = mode->text;
    if (std::ranges::find(kWebhookModes, mode->text) == kWebhookModes.end()) {
      auto near = nearest(mode->text, kWebhookModes);
      error(mode->at, "the audit webhook cannot work in the mode " + shown(mode->text),
            near ? "did you mean '" + *near + "'?" : "it can be " + join(kWebhookModes, ", "));
    }
  }
  read_secret(*webhook, audit_webhook_keys(),
              {kAuditToken, "token", "the token of the audit webhook", false});
}

void Checker::read_audit_policy(const Value& policy) {
  if (!policy.is_object()) {
    if (policy.is_string()) {
      error(policy.at, "the audit policy is a text, not an object");
    }
    return;
  }
  const auto* rules = policy.find("rules");
  if (!says(policy, "apiVersion", "audit.k8s.io/v1") || !says(policy, "kind", "Policy")) {
    error(policy.at, "the audit policy is no audit.k8s.io/v1 Policy",
          "it begins with \"apiVersion\": \"audit.k8s.io/v1\", \"kind\": \"Policy\"");
  } else if (rules == nullptr || !rules->is_list() || rules->items.empty()) {
    error(rules == nullptr ? policy.at : rules->at, "the audit policy has no rules",
          "to write down who did what: \"rules\": [{\"level\": \"Metadata\"}]");
  }
  definition_.programs.audit_policy = to_json(policy);
}

void Checker::check_url(const Value& value, const std::string& what,
                        std::initializer_list<std::string_view> schemes) {
  auto url = parse_url(value.text);
  if (url && !url->login.empty()) {
    error(value.at, what + " has a login in its URL", "URLs are recorded and shown");
  } else if (!url || std::ranges::find(schemes, url->scheme) == schemes.end()) {
    bool secure = schemes.size() == 1;
    error(value.at,
          what + " " + shown(value.text) + " is no " + (secure ? "URL with https" : "URL") +
              " and a host",
          "e.g. \"https://host.example.com/path\"");
  }
}

void Checker::read_authentication(const Value& authentication) {
  check_keys(authentication, authentication_keys());
  const auto* oidc = get(authentication, authentication_keys(), "oidc");
  if (oidc == nullptr) return;
  const auto& version = attrib("k8s-version").text;
  const auto facts = known_releases().values(version).facts;
  auto takes_file = facts.find("kube_apiserver_authentication_config");
  if (takes_file != facts.end() && !takes_file->second) {
    error(oidc->at, "kube-apiserver of " + version + " takes no issuers from a file",
          "use a later release: --set attribs.k8s-version=" + find_attrib("k8s-version")->fallback);
  }
  Value list;
  list.kind = Kind::list;
  std::vector<std::string> issuers;
  for (const auto& item : oidc->items) {
    if (!item.is_object()) {
      error(item.at, "an item of 'oidc' must be an object, not " + describe(item.kind));
      continue;
    }
    check_keys(item, oidc_keys());
    list.items.push_back(read_issuer(item));
    const auto* issuer = get(item, oidc_keys(), "issuer");
    if (issuer == nullptr) continue;
    if (std::ranges::find(issuers, issuer->text) != issuers.end()) {
      error(issuer->at, "the issuer " + shown(issuer->text) + " comes twice in 'oidc'",
            "write its \"audiences\" in one item");
    }
    issuers.push_back(issuer->text);
  }
  if (oidc->items.empty()) error(oidc->at, "'oidc' has no issuer");
  if (!list.items.empty()) definition_.programs.jwt = to_json(list);
}

Value Checker::read_issuer(const Value& item) {
  auto issuer = empty_object();
  if (const auto* url = get(item, oidc_keys(), "issuer")) {
    check_url(*url, "the issuer", {"https"});
    put_in(issuer, "url", Value::of(url->text));
  } else if (item.find("issuer") == nullptr) {
    error(item.at, "an item of 'oidc' has no \"issuer\"");
  }
  if (const auto* url = get(item, oidc_keys(), "discovery_url")) {
    check_url(*url, "the discovery_url", {"https"});
    put_in(issuer, "discoveryURL", Value::of(url->text));
  }
  if (const auto* ca = get(item, oidc_keys(), "ca")) {
    put_in(issuer, "certificateAuthority", Value::of(certificates(*ca)));
  }
  Value audiences;
  audiences.kind = Kind::list;
  if (const auto* list = get(item, oidc_keys(), "audiences")) {
    for (const auto* audience : strings(*list, "audiences")) {
      audiences.items.push_back(Value::of(audience->text));
    }
    if (list->items.empty()) error(list->at, "'audiences' is empty", "name the API's client");
  } else if (item.find("audiences") == nullptr) {
    error(item.at, "an item of 'oidc' has no \"audiences\"",
          "tokens for other clients of the issuer would be good for the API");
  }
  const bool several = audiences.items.size() > 1;
  put_in(issuer, "audiences", std::move(audiences));
  if (several) put_in(issuer, "audienceMatchPolicy", Value::of("MatchAny"));
  auto jwt = empty_object();
  put_in(jwt, "issuer", std::move(issuer));
  if (const auto* claims = get(item, oidc_keys(), "required_claims")) {
    put_in(jwt, "claimValidationRules", read_required_claims(*claims));
  }
  put_in(jwt, "claimMappings", read_mappings(item));
  return jwt;
}

Value Checker::read_required_claims(const Value& claims) {
  Value rules;
  rules.kind = Kind::list;
  for (const auto& [claim, at, value] : claims.members) {
    if (!value.is_string()) {
      error(value.at,
            "the claim " + shown(claim) + " must be a string, not " + describe(value.kind),
            quotes_hint({Kind::string}, value));
      continue;
    }
    auto rule = empty_object();
    put_in(rule, "claim", Value::of(claim));
    put_in(rule, "requiredValue", Value::of(value.text));
    rules.items.push_back(std::move(rule));
  }
  return rules;
}

Value Checker::read_mappings(const Value& item) {
  auto mappings = empty_object();
  const auto* username = get(item, oidc_keys(), "username");
  auto subject = empty_object();
  put_in(subject, "claim", Value::of("sub"));
  put_in(mappings, "username", read_mapping(username == nullptr ? subject : *username, "username"));
  if (const auto* groups = get(item, oidc_keys(), "groups")) {
    put_in(mappings, "groups", read_mapping(*groups, "groups"));
  }
  return mappings;
}

Value Checker::read_mapping(const Value& mapping, const std::string& what) {
  check_keys(mapping, oidc_mapping_keys());
  const auto* claim = get(mapping, oidc_mapping_keys(), "claim");
  const auto* prefix = get(mapping, oidc_mapping_keys(), "prefix");
  const auto* expression = get(mapping, oidc_mapping_keys(), "expression");
  if ((claim == nullptr) == (expression == nullptr) || (prefix != nullptr && claim == nullptr)) {
    error(mapping.at, "'" + what + "' is a \"claim\" with a \"prefix\", or an \"expression\"",
          R"(e.g. {"claim": "email", "prefix": "oidc:"})");
  }
  auto read = empty_object();
  if (expression != nullptr) {
    put_in(read, "expression", Value::of(expression->text));
  } else if (claim != nullptr) {
    if (claim->text.empty()) error(claim->at, "the claim of '" + what + "' is empty");
    put_in(read, "claim", Value::of(claim->text));
    put_in(read, "prefix", Value::of(prefix == nullptr ? kOidcPrefix : prefix->text));
  }
  if (prefix != nullptr && prefix->text.empty()) {
    warn(prefix->at,
         "without a prefix the issuer can name any user of the cluster, 'system:' ones "
         "excepted");
  }
  return read;
}

}  // namespace muster
