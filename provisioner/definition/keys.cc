#include "provisioner/definition/keys.h"

namespace muster {

namespace {

using Kind = Value::Kind;
using Rules = std::vector<KeyRule>;

constexpr std::string_view kLabelSchema = R"("pattern": "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")";
constexpr std::string_view kNames = R"("items": {"type": "string"})";
constexpr std::string_view kNoProfiles = "muster has no profiles, write their attribs out";
constexpr std::string_view kNoParent = "deployments do not inherit from each other";
constexpr std::string_view kProviderRef = R"("allOf": [{"$ref": "#/definitions/provider"}])";
constexpr std::string_view kTopProvider =
    R"("required": ["name"], "allOf": [{"$ref": "#/definitions/provider"}])";
constexpr std::string_view kExtraArgs = R"("additionalProperties": false, "patternProperties": {
    "^(kubelet|kube-apiserver|kube-controller-manager|kube-scheduler|kube-proxy|etcd)$": {
      "type": "object", "propertyNames": {"pattern": "^[a-z0-9][a-z0-9-]*$"},
      "additionalProperties": {"type": ["string", "number", "boolean", "array"],
        "items": {"type": ["string", "number", "boolean"]}}}})";
constexpr std::string_view kAttribsRef = R"("allOf": [{"$ref": "#/definitions/attribs"}])";

}  // namespace

std::span<const KeyRule> top_keys() {
  static const Rules rules = {
      {"$schema", {Kind::string}, "the schema of this file, for editors", "", "", ""},
      {"name", {Kind::string}, "the deployment's name: a DNS label", kLabelSchema, "", ""},
      {"description", {Kind::string}, "a note for people", "", "", ""},
      {"tenant",
       {Kind::string},
       "the tenant that owns the deployment, made when missing; \"default\" when absent",
       kLabelSchema,
       "",
       ""},
      {"tenant_id",
       {Kind::string, Kind::integer},
       "Digital Rebar's way to name the tenant: its name, or the number of one that exists",
       "",
       "",
       ""},
      {"parent", {Kind::string, Kind::integer}, "no effect", "", kNoParent, ""},
      {"parent_id", {Kind::string, Kind::integer}, "no effect", "", kNoParent, ""},
      {"system", {Kind::boolean}, "no effect", "", "muster needs no system deployment", ""},
      {"profiles", {Kind::list}, "no effect", kNames, kNoProfiles, ""},
      {"commit",
       {Kind::boolean},
       "false: nodes are created and no role runs until it is applied with true",
       "",
       "",
       ""},
      {"tld",
       {Kind::string},
       "the domain of the nodes' full names; \"<name>.cloud\" when absent",
       R"("pattern": "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$",
          "maxLength": 200)",
       "",
       ""},
      {"provider",
       {Kind::object},
       "where nodes come from, unless their block says otherwise; \"local\" when absent",
       kTopProvider,
       "",
       ""},
      {"attribs", {Kind::object}, "settings of the cluster", kAttribsRef, "", ""},
      {"public_keys",
       {Kind::object},
       "SSH public keys that may log in to the nodes, by a name of your choice",
       R"("additionalProperties": {"type": "string", "pattern":
          "^(ssh|ecdsa|sk)-[a-z0-9@.-]+ ([A-Za-z0-9+/]{4})*[A-Za-z0-9+/]{2}[A-Za-z0-9+/=]{2}( .*)?$"})",
       "",
       ""},
      {"nodes",
       {Kind::list},
       "the nodes, in blocks of alike ones",
       R"("minItems": 1, "items": {"$ref": "#/definitions/nodes"})",
       "",
       ""},
      {"role_apply_order",
       {Kind::list},
       "roles in the order in which the cluster gets them, besides the order they need",
       kNames,
       "",
       ""},
      {"api_endpoint",
       {Kind::string},
       "host or host:port by which users reach the API, e.g. of a balancer of yours",
       R"("pattern": "^[a-z0-9]([-.a-z0-9]*[a-z0-9])?(:[0-9]{1,5})?$")",
       "",
       ""},
      {"registries",
       {Kind::object},
       "how nodes pull images, by the registry's host; \"*\" is all others",
       R"("additionalProperties": {"$ref": "#/definitions/registry"})",
       "",
       ""},
      {"proxy",
       {Kind::object},
       "how nodes reach what is outside",
       R"("allOf": [{"$ref": "#/definitions/proxy"}])",
       "",
       ""},
      {"extra_args",
       {Kind::object},
       "more flags of Kubernetes' programs and etcd, by program and flag",
       kExtraArgs,
       "",
       ""},
      {"extra_config",
       {Kind::object},
       "what is put over the configuration files of \"kubelet\" and \"kube-proxy\"",
       R"("additionalProperties": false, "properties": {
          "kubelet": {"type": "object"}, "kube-proxy": {"type": "object"}})",
       "",
       ""},
      {"audit",
       {Kind::object},
       "what the API server writes down of requests, and where",
       R"("allOf": [{"$ref": "#/definitions/audit"}])",
       "",
       ""},
      {"authentication",
       {Kind::object},
       "how the API knows its users besides their certificates",
       R"("required": ["oidc"], "allOf": [{"$ref": "#/definitions/authentication"}])",
       "",
       ""},
      {"classroom",
       {Kind::string},
       "the classroom that the deployment belongs to; `muster classroom` writes it",
       kLabelSchema,
       "",
       ""},
      {"student",
       {Kind::string},
       "whose deployment it is in its classroom; `muster classroom` writes it",
       kLabelSchema,
       "",
       ""},
      {"hooks", {Kind::object, Kind::list}, "", "", "", "remove it"}};
  return rules;
}

std::span<const KeyRule> node_keys() {
  static const Rules rules = {
      {"roles",
       {Kind::list},
       "what the nodes are",
       R"("minItems": 1, "items": {"type": "string"})",
       "",
       ""},
      {"count",
       {Kind::integer},
       "how many; 1 when absent, or the number of \"hosts\"",
       R"("minimum": 1, "maximum": 20000)",
       "",
       ""},
      {"prefix",
       {Kind::string},
       "nodes are called <prefix>-<NNN>; \"<name>-<NN>\" with the block's number when absent",
       R"("pattern": "^[a-z0-9]([-a-z0-9]{0,57}[a-z0-9])?$")",
       "",
       ""},
      {"id",
       {Kind::integer, Kind::string},
       "a negative number asks for new nodes, as does its absence",
       R"("maximum": -1, "pattern": "^-[0-9]+$")",
       "",
       ""},
      {"description", {Kind::string}, "a note for people", "", "", ""},
      {"provider", {Kind::object}, "where these nodes come from", kProviderRef, "", ""},
      {"hints", {Kind::object}, "added to the provider's hints, key by key", "", "", ""},
      {"labels",
       {Kind::object},
       "Kubernetes labels of the nodes",
       R"("additionalProperties": {"type": "string", "maxLength": 63, "pattern":
          "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$"})",
       "",
       ""},
      {"taints",
       {Kind::list},
       "Kubernetes taints of the nodes, as \"key=value:Effect\"",
       R"("items": {"type": "string", "pattern":
          "^[A-Za-z0-9][-A-Za-z0-9_./]*(=[-A-Za-z0-9_.]*)?:(NoSchedule|PreferNoSchedule|NoExecute)$"})",
       "",
       ""},
      {"attribs",
       {Kind::object},
       "no effect: settings hold for the whole cluster",
       kAttribsRef,
       "settings hold for the whole cluster, move them to the top level",
       ""},
      {"profiles", {Kind::list}, "no effect", kNames, kNoProfiles, ""},
      {"hosts",
       {Kind::list},
       "names of the existing machines that become these nodes, with the provider \"inventory\"; "
       "the nodes are called as they are, behind \"<prefix>-\" when there is a prefix",
       R"("minItems": 1, "maxItems": 20000, "uniqueItems": true, "items": {"type": "string",
          "pattern": "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"})",
       "",
       ""}};
  return rules;
}

std::span<const KeyRule> provider_keys() {
  static const Rules rules = {
      {"name", {Kind::string}, "e.g. \"local\"", R"("minLength": 1)", "", ""},
      {"hints",
       {Kind::object},
       "what the provider wants to know, see its documentation",
       "",
       "",
       ""}};
  return rules;
}

}  // namespace muster
