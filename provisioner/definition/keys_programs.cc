// The keys of what a definition says of single programs.
#include "provisioner/definition/keys.h"

namespace muster {

namespace {

using Kind = Value::Kind;
using Rules = std::vector<KeyRule>;

constexpr std::string_view kUrl = R"("pattern": "^https?://[^ /?#]+(/[^ ?#]*)?$")";
constexpr std::string_view kHttps = R"("pattern": "^https://[^ /?#]+(/[^ ?#]*)?$")";
constexpr std::string_view kListOfNames = R"("items": {"type": "string"})";
constexpr std::string_view kTexts = R"("additionalProperties": {"type": "string"})";
constexpr std::string_view kCa =
    "certificates to trust besides the usual ones: the path of a file, seen from this one, or the "
    "text itself (PEM)";
constexpr std::string_view kSecretFile = "the path of a file with it, which only you can read";
constexpr std::string_view kSecretVariable = "the name of an environment variable that has it";

}  // namespace

std::span<const KeyRule> registry_keys() {
  static const Rules rules = {
      {"mirrors",
       {Kind::list},
       "where its images are looked for first, as URLs",
       R"("items": {"type": "string", "pattern": "^https?://[^ /?#]+(/[^ ?#]*)?$"})",
       "",
       ""},
      {"auth",
       {Kind::object},
       "the login",
       R"("allOf": [{"$ref": "#/definitions/registry_auth"}])",
       "",
       ""},
      {"ca", {Kind::string}, kCa, "", "", ""}};
  return rules;
}

std::span<const KeyRule> registry_auth_keys() {
  static const Rules rules = {
      {"username", {Kind::string}, "the account", R"("minLength": 1)", "", ""},
      {"password", {Kind::string}, "its password; better not in here", "", "", "", true},
      {"password_file", {Kind::string}, kSecretFile, "", "", ""},
      {"password_env", {Kind::string}, kSecretVariable, "", "", ""}};
  return rules;
}

std::span<const KeyRule> proxy_keys() {
  static const Rules rules = {
      {"http", {Kind::string}, "the proxy for http, as a URL", kUrl, "", ""},
      {"https", {Kind::string}, "the proxy for https, as a URL", kUrl, "", ""},
      {"no_proxy",
       {Kind::list},
       "names, \".domains\", addresses and networks that are reached without it; the cluster's own "
       "are always",
       kListOfNames,
       "",
       ""}};
  return rules;
}

std::span<const KeyRule> audit_keys() {
  static const Rules rules = {
      {"policy",
       {Kind::string, Kind::object},
       "the audit policy (audit.k8s.io/v1): the path of a file, or written here",
       "",
       "",
       ""},
      {"webhook",
       {Kind::object},
       "where events go besides the file on each master",
       R"("required": ["url"], "allOf": [{"$ref": "#/definitions/audit_webhook"}])",
       "",
       ""}};
  return rules;
}

std::span<const KeyRule> audit_webhook_keys() {
  static const Rules rules = {
      {"url", {Kind::string}, "who takes the events", kUrl, "", ""},
      {"ca", {Kind::string}, kCa, "", "", ""},
      {"mode",
       {Kind::string},
       "batch (default), blocking or blocking-strict",
       R"("enum": ["batch", "blocking", "blocking-strict"])",
       "",
       ""},
      {"token", {Kind::string}, "the bearer token; better not in here", "", "", "", true},
      {"token_file", {Kind::string}, kSecretFile, "", "", ""},
      {"token_env", {Kind::string}, kSecretVariable, "", "", ""}};
  return rules;
}

std::span<const KeyRule> authentication_keys() {
  static const Rules rules = {
      {"oidc",
       {Kind::list},
       "who else says who a user is, besides the cluster's certificates",
       R"("minItems": 1, "maxItems": 64, "items": {"$ref": "#/definitions/oidc"})",
       "",
       ""}};
  return rules;
}

std::span<const KeyRule> oidc_keys() {
  static const Rules rules = {
      {"issuer", {Kind::string}, "the issuer's URL, as its tokens have it", kHttps, "", ""},
      {"audiences",
       {Kind::list},
       "who tokens must be for: the names of the clients there",
       R"("minItems": 1, "items": {"type": "string", "minLength": 1})",
       "",
       ""},
      {"ca", {Kind::string}, kCa, "", "", ""},
      {"discovery_url", {Kind::string}, "where it describes itself, if elsewhere", kHttps, "", ""},
      {"username",
       {Kind::object},
       "which claim is the user's name; \"sub\" behind \"oidc:\" when absent",
       R"("allOf": [{"$ref": "#/definitions/oidc_mapping"}])",
       "",
       ""},
      {"groups",
       {Kind::object},
       "which claim has the user's groups; none when absent",
       R"("allOf": [{"$ref": "#/definitions/oidc_mapping"}])",
       "",
       ""},
      {"required_claims",
       {Kind::object},
       "claims that a token must have, with their values",
       kTexts,
       "",
       ""}};
  return rules;
}

std::span<const KeyRule> oidc_mapping_keys() {
  static const Rules rules = {
      {"claim", {Kind::string}, "the claim's name", R"("minLength": 1)", "", ""},
      {"prefix", {Kind::string}, "stands before it; \"oidc:\" when absent", "", "", ""},
      {"expression", {Kind::string}, "in place of both: a CEL expression over claims", "", "", ""}};
  return rules;
}

}  // namespace muster
