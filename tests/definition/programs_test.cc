#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include "provisioner/base/files.h"
#include "provisioner/definition/component_flags.h"
#include "provisioner/definition/config_fields.h"
#include "provisioner/definition/url.h"
#include "tests/definition/support.h"
#include "tests/support/folder.h"

using namespace muster;
using testing::definition;
using testing::mistakes;

namespace {

constexpr const char* kCertificate =
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const std::string kCertificateJson =
    R"("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")";
constexpr const char* kPolicy =
    "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n  - level: Metadata\n";
constexpr const char* kPolicyJson =
    R"({"apiVersion":"audit.k8s.io/v1","kind":"Policy","rules":[{"level":"Metadata"}]})";

DefinitionResult read(const TestFolder& folder, const std::string& text,
                      const Overrides& overrides = {}) {
  write_file(folder / "demo.json", text, 0600);
  return read_definition(folder / "demo.json", overrides, testing::rules());
}

std::string secret_of(const DefinitionResult& result, const std::string& name) {
  auto found = result.definition.secrets.find(name);
  if (found == result.definition.secrets.end()) return "(none)";
  return found->second.value ? found->second.value->reveal() : "(kept)";
}

}  // namespace

TEST_CASE("programs: a registry has mirrors, a login and certificates") {
  auto result = testing::parse(definition(
      R"("registries": {"docker.io": {"mirrors": ["https://m.example.com:5000/v2/hub", "http://10.0.0.9"]},
         "m.example.com:5000": {"auth": {"username": "ann", "password": "geheim"}, "ca": )" +
      kCertificateJson + "}, \"*\": {\"mirrors\": [\"https://m.example.com\"]}},"));
  CHECK(mistakes(result.diagnostics) == "");
  const auto& registries = result.definition.programs.registries;
  REQUIRE(registries.size() == 3);
  CHECK(registries.at("docker.io").mirrors ==
        std::vector<std::string>{"https://m.example.com:5000/v2/hub", "http://10.0.0.9"});
  CHECK(registries.at("m.example.com:5000").username == "ann");
  CHECK(registries.at("m.example.com:5000").ca == kCertificate);
  CHECK(secret_of(result, registry_secret("m.example.com:5000")) == "geheim");
  CHECK(result.text.find("geheim") == std::string::npos);
}

TEST_CASE("programs: what is crossed out is what the state keeps") {
  const auto text = definition(
      R"("registries": {"docker.io": {"auth": {"username": "ann", "password": "xxxxxx"}}},
         "proxy": {"http": "http://10.0.0.9:3128", "https": "xxxxxxxxxxxx"},)");
  auto result = testing::parse(text);
  CHECK(mistakes(result.diagnostics) == "");
  CHECK(secret_of(result, registry_secret("docker.io")) == "(kept)");
  CHECK(secret_of(result, kHttpsProxy) == "(kept)");
  CHECK(secret_of(result, kHttpProxy) == "(none)");
  CHECK(result.definition.programs.proxy.http == "http://10.0.0.9:3128");
}

TEST_CASE("programs: a secret may stand in a file or in a variable") {
  TestFolder folder;
  write_file(folder / "hub.password", "geheim\n", 0600);
  ::setenv("MUSTER_TEST_TOKEN", "token of the webhook", 1);
  const auto text = definition(
      R"("registries": {"docker.io": {"auth": {"username": "ann", "password_file": "hub.password"}}},
         "audit": {"webhook": {"url": "https://10.0.0.9/events", "token_env": "MUSTER_TEST_TOKEN"}},)");
  auto result = read(folder, text);
  CHECK(mistakes(result.diagnostics) == "");
  CHECK(secret_of(result, registry_secret("docker.io")) == "geheim");
  CHECK(secret_of(result, kAuditToken) == "token of the webhook");
  CHECK(result.text == text);

  std::filesystem::remove(folder / "hub.password");
  ::unsetenv("MUSTER_TEST_TOKEN");
  auto recorded = parse_recorded_definition("demo.json", result.text, {}, testing::rules());
  CHECK(mistakes(recorded.diagnostics) == "");
  CHECK(secret_of(recorded, registry_secret("docker.io")) == "(kept)");
  CHECK(secret_of(recorded, kAuditToken) == "(kept)");
}

TEST_CASE("programs: a password file that others can read is refused") {
  TestFolder folder;
  write_file(folder / "hub.password", "geheim\n", 0604);
  auto result = read(
      folder,
      definition(
          R"("registries": {"docker.io": {"auth": {"username": "ann", "password_file": "hub.password"}}},)"));
  CHECK(mistakes(result.diagnostics) ==
        "error 1:76: the file of the password of the registry 'docker.io' is open to everybody on "
        "this machine (chmod 600 '" +
            (folder / "hub.password") + "')\n");
}

TEST_CASE("programs: a secret in the clear is a warning where everybody can read it") {
  TestFolder folder;
  const auto text = definition(R"("proxy": {"http": "http://ann:geheim@10.0.0.9:3128"},)");
  auto result = read(folder, text);
  CHECK(mistakes(result.diagnostics) == "");
  CHECK(secret_of(result, kHttpProxy) == "http://ann:geheim@10.0.0.9:3128");
  CHECK(result.text.find("ann") == std::string::npos);
  std::filesystem::permissions(folder / "demo.json", std::filesystem::perms(0644));
  auto warned = read_definition(folder / "demo.json", {}, testing::rules());
  CHECK(mistakes(warned.diagnostics) ==
        "warning 1:20: the http proxy is in the clear in a file that everybody on this machine can "
        "read (chmod 600 '" +
            (folder / "demo.json") + "', or write it into a file of its own)\n");
}

TEST_CASE("programs: a secret does not come by --set") {
  CHECK(mistakes(definition(), {{"registries.\"docker.io\".auth.username=ann",
                                 "registries.\"docker.io\".auth.password=geheim"},
                                {}}) ==
        "error: --set registries.\"docker.io\".auth.password: the password of the registry "
        "'docker.io' would be seen by everybody who lists programs (put it into a file that only "
        "you can read and name that in '_file', or name a variable of the environment in "
        "'_env')\n");
}

TEST_CASE("programs: nor in a definition that is a word of the command line") {
  const auto text = definition(R"("proxy": {"http": "http://ann:geheim@10.0.0.9:3128"},)");
  CHECK(mistakes(text, {}, kJsonWord) ==
        "error 1:20: the http proxy would be seen by everybody who lists programs (write it in the "
        "definition's file)\n");
}

TEST_CASE("programs: files that a definition names are recorded in it") {
  TestFolder folder;
  write_file(folder / "ca.pem", kCertificate);
  write_file(folder / "audit.yaml", kPolicy);
  auto result = read(folder, definition(R"("registries": {"docker.io": {"ca": "ca.pem"}},
      "audit": {"policy": "audit.yaml", "webhook": {"url": "https://10.0.0.9", "ca": "ca.pem"}},
      "authentication": {"oidc": [{"issuer": "https://10.0.0.9", "audiences": ["muster"], "ca": "ca.pem"}]},)"));
  CHECK(mistakes(result.diagnostics) == "");
  CHECK(result.definition.programs.registries.at("docker.io").ca == kCertificate);
  CHECK(result.definition.programs.audit_policy == kPolicyJson);
  CHECK(result.definition.programs.audit_webhook.ca == kCertificate);

  std::filesystem::remove(folder / "ca.pem");
  std::filesystem::remove(folder / "audit.yaml");
  auto recorded = parse_recorded_definition("demo.json", result.text, {}, testing::rules());
  CHECK(mistakes(recorded.diagnostics) == "");
  CHECK(recorded.definition.programs.registries.at("docker.io").ca == kCertificate);
  CHECK(recorded.definition.programs.audit_policy == kPolicyJson);
  CHECK(recorded.definition.programs.jwt == result.definition.programs.jwt);
  CHECK(recorded.text == result.text);
}

TEST_CASE(
    "programs: certificates that cannot be read are a mistake, but not in what is on record") {
  TestFolder folder;
  write_file(folder / "ca.pem", kCertificate);
  const auto text = definition(R"("registries": {"a.example.com": {"ca": "ca.pem"}},)");
  auto rules = testing::rules();
  rules.are_certificates = [](const std::string& pem) { return pem != kCertificate; };
  auto result = parse_definition(folder / "demo.json", text, {}, rules);
  REQUIRE(result.diagnostics.items().size() == 1);
  const auto& item = result.diagnostics.items().front();
  CHECK(item.severity == Severity::error);
  CHECK(item.message == "'ca' has a certificate that cannot be read");
  CHECK(item.hint == "see: openssl x509 -noout -text -in FILE");
  CHECK(text.find("\"ca.pem\"") != std::string::npos);
  CHECK(item.at.line > 0);
  CHECK_FALSE(parse_recorded_definition("demo", result.text, {}, rules).diagnostics.has_errors());
}

TEST_CASE("programs: a policy file that is wrong says where") {
  TestFolder folder;
  write_file(folder / "audit.yaml", "rules:\n\t- level\n");
  auto result = read(folder, definition(R"("audit": {"policy": "audit.yaml"},)"));
  CHECK(mistakes(result.diagnostics)
            .starts_with("error 1:22: the audit policy 'audit.yaml', line 2: "));
}

TEST_CASE("programs: OIDC becomes what AuthenticationConfiguration calls jwt") {
  auto result = testing::parse(definition(
      R"("authentication": {"oidc": [{"issuer": "https://login.example.com", "audiences": ["a", "b"],
         "username": {"claim": "email", "prefix": "x:"}, "groups": {"expression": "claims.roles"},
         "required_claims": {"hd": "example.com"}},
         {"issuer": "https://other.example.com", "audiences": ["a"],
          "discovery_url": "https://10.0.0.9/.well-known/openid-configuration"}]},)"));
  CHECK(mistakes(result.diagnostics) == "");
  CHECK(result.definition.programs.jwt ==
        R"([{"issuer":{"url":"https://login.example.com","audiences":["a","b"],)"
        R"("audienceMatchPolicy":"MatchAny"},)"
        R"("claimValidationRules":[{"claim":"hd","requiredValue":"example.com"}],)"
        R"("claimMappings":{"username":{"claim":"email","prefix":"x:"},)"
        R"("groups":{"expression":"claims.roles"}}},)"
        R"({"issuer":{"url":"https://other.example.com",)"
        R"("discoveryURL":"https://10.0.0.9/.well-known/openid-configuration","audiences":["a"]},)"
        R"("claimMappings":{"username":{"claim":"sub","prefix":"oidc:"}}}])");
}

TEST_CASE("programs: flags keep their order, and lists give one several times") {
  auto result = testing::parse(definition(
      R"("extra_args": {"kube-scheduler": {"leader-elect-lease-duration": "20s", "profiling": true,
         "feature-gates": ["ContextualLogging=true", "PodLevelResources=false"], "kube-api-qps": 0.5}},
         "extra_config": {"kubelet": {"maxPods": 200, "evictionHard": {"memory.available": "1%"}}},)"));
  CHECK(mistakes(result.diagnostics) == "");
  const auto& programs = result.definition.programs;
  REQUIRE(programs.components.contains("kube-scheduler"));
  CHECK(
      programs.components.at("kube-scheduler").args ==
      std::vector<std::pair<std::string, std::string>>{{"leader-elect-lease-duration", "20s"},
                                                       {"profiling", "true"},
                                                       {"feature-gates", "ContextualLogging=true"},
                                                       {"feature-gates", "PodLevelResources=false"},
                                                       {"kube-api-qps", "0.5"}});
  CHECK(programs.components.at("kubelet").config ==
        R"({"maxPods":200,"evictionHard":{"memory.available":"1%"}})");
}

TEST_CASE("programs: a configuration on record may have fields that nobody knows any more") {
  auto text = definition(
      R"("extra_config": {"kubelet": {"maxPod": 200, "featureGates": {"Gone": true}}},)");
  CHECK(testing::parse(text).diagnostics.has_errors());
  auto recorded = parse_recorded_definition("demo.json", text, {}, testing::rules());
  CHECK(mistakes(recorded.diagnostics) == "");
}

TEST_CASE("configuration: what a release has is told by the Go types of its files") {
  auto kubelet = config_fields("v1.37", "kubelet");
  REQUIRE(kubelet);
  CHECK(kubelet->fields.at("maxPods").kind == "int32");
  CHECK(kubelet->fields.at("authentication").fields.at("x509").fields.at("clientCAFile").kind ==
        "string");
  CHECK(kubelet->fields.at("evictionHard").fields.at("*").kind == "string");
  CHECK(kubelet->fields.at("registerWithTaints").fields.at("*").fields.at("timeAdded").kind ==
        "any");
  CHECK(config_fields("v1.37", "kube-proxy")->fields.at("ipvs").kind == "object");
  CHECK_FALSE(config_fields("v1.37", "kube-scheduler"));
  CHECK_FALSE(config_fields("v1.2", "kubelet"));
}

TEST_CASE("flags: those of a release are what its programs say") {
  auto kubelet = ComponentFlags::of("v1.37", "kubelet");
  REQUIRE(kubelet);
  REQUIRE(kubelet->find("max-pods") != nullptr);
  CHECK(kubelet->find("max-pods")->kind == "int32");
  CHECK(kubelet->find("max-pods")->note == "deprecated");
  CHECK(kubelet->find("container-runtime") == nullptr);
  CHECK(kubelet->find("cgroups-per-qos")->kind == "bool");
  CHECK(kubelet->gates().size() > 100);
  CHECK(ComponentFlags::of("v1.37", "kube-proxy")->find("proxy-mode")->note == "ignored");
  CHECK_FALSE(ComponentFlags::of("v1.2", "kubelet"));
  CHECK_FALSE(ComponentFlags::of("v1.37", "kubectl"));
}

TEST_CASE("flags: values are held against the kinds that Go's flags have") {
  for (const auto* good : {"0", "1h30m", "250ms", "1.5h", "-2s"}) {
    CAPTURE(good);
    CHECK(wanted_instead("duration", good) == "");
  }
  for (const auto* bad : {"", "10", "h", "1d", "1h 2m", "one"}) {
    CAPTURE(bad);
    CHECK(wanted_instead("duration", bad) == "a duration such as 1h30m");
  }
  CHECK(wanted_instead("int32", "-7") == "");
  CHECK(wanted_instead("int", "7.5") == "a whole number");
  CHECK(wanted_instead("uint32", "-7") == "a whole number, 0 or more");
  CHECK(wanted_instead("float32", "7.5") == "");
  CHECK(wanted_instead("bool", "yes") == "true or false");
  CHECK(wanted_instead("string", "") == "");
}

TEST_CASE("flags: muster's own are those of its units") {
  auto own = own_flags("etcd");
  for (const auto* flag : {"name", "client-cert-auth", "trusted-ca-file", "peer-key-file"}) {
    CAPTURE(flag);
    CHECK(std::find(own.begin(), own.end(), flag) != own.end());
  }
  for (const auto* component : kComponents) {
    CAPTURE(component);
    CHECK(own_flags(component).size() > 1);
  }
  CHECK(own_fields("kube-scheduler").empty());
  CHECK(stands_in_own_file("kubelet", "cluster-dns"));
  CHECK(stands_in_own_file("kubelet", "anonymous-auth"));
  CHECK_FALSE(stands_in_own_file("kubelet", "max-pods"));
}

TEST_CASE("URLs: their parts, or nothing") {
  auto url = parse_url("https://ann:pw@mirror.example.com:5000/v2/hub");
  REQUIRE(url);
  CHECK(url->scheme == "https");
  CHECK(url->login == "ann:pw");
  CHECK(url->host == "mirror.example.com");
  CHECK(url->port == "5000");
  CHECK(url->path == "/v2/hub");
  CHECK(parse_url("http://[fd00::1]:80")->host == "fd00::1");
  for (const auto* bad : {"", "x", "://x", "http://", "http:///x", "http://:80", "http://a b",
                          "http://a:0", "http://a:66000", "http://a:x", "http://a?b", "http://a#b",
                          "http://[zz]", "http://@a", "http://a\"", "http://a..b", "http://-a"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_url(bad));
  }
}
