// What a definition says of single programs, in the files of nodes and in plans.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "provisioner/plan/plan.h"
#include "provisioner/run/context.h"
#include "provisioner/tasks/compile.h"
#include "tests/support/demo_cluster.h"
#include "tests/support/folder.h"
#include "tests/support/vault.h"

using namespace muster;
using namespace muster::testing;

namespace {

struct Rendering : DemoCluster {
  explicit Rendering(const std::string& settings) : DemoCluster(settings) {
    for (const auto& [name, secret] : definition.definition.secrets) {
      cluster.secrets[name] = {secret.value.value(), 1};
    }
  }

  nlohmann::json context(const std::string& role) const {
    static const RecordIndex kNothing;
    static const CertificateOrder kNoOrder;
    std::map<std::string, Endpoint> endpoints;
    for (const auto& node : cluster.nodes)
      endpoints[node.name].address = "10.1.0." + std::to_string(node.index + 1);
    ContextInput input;
    input.cluster = &cluster;
    input.node = &cluster.nodes.front();
    input.role = find_role(roles, role);
    input.endpoints = &endpoints;
    input.before = &kNothing;
    input.certificates = &kNoOrder;
    input.facts.values = {{"cgroup_v1", "true"}, {"container", "false"}, {"nftables", "false"}};
    MemoryVault vault;
    Pki pki(vault, "demo");
    return make_context(input, pki);
  }

  std::string render(const std::string& role, const std::string& name,
                     const std::string& item = "") const {
    auto seen = context(role);
    if (!item.empty()) {
      for (const auto& host : seen.at("registries").at("hosts")) {
        if (host.at("host") == item) seen["item"] = host;
      }
    }
    return render_template(load_template({}, name), name, seen);
  }

  std::string fingerprint(const std::string& role) const {
    return role_fingerprint(cluster, cluster.nodes.front(), *find_role(roles, role), nullptr);
  }
};

std::string line_with(const std::string& text, const std::string& word) {
  auto at = text.find(word);
  if (at == std::string::npos) return "";
  auto begin = text.rfind('\n', at) + 1;
  return text.substr(begin, text.find('\n', at) - begin);
}

}  // namespace

TEST_CASE("programs: containerd's files of registries") {
  Rendering made(R"("registries": {
      "docker.io": {"mirrors": ["https://m.example.com:5000/v2/hub", "http://10.0.0.9"],
                    "auth": {"username": "ann", "password": "pa\"ss"}},
      "m.example.com:5000": {"ca": "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----"},
      "*": {"mirrors": ["https://m.example.com:5000"]}},)");
  CHECK(made.render("registries", "registries/hosts.toml", "docker.io") ==
        "# Written by muster.\nserver = \"https://registry-1.docker.io\"\n"
        "[host.\"https://m.example.com:5000/v2/hub\"]\n  capabilities = [\"pull\", \"resolve\"]\n"
        "  ca = \"/etc/containerd/certs.d/m.example.com_5000_/ca.crt\"\n  override_path = true\n"
        "[host.\"http://10.0.0.9\"]\n  capabilities = [\"pull\", \"resolve\"]\n");
  CHECK(made.render("registries", "registries/hosts.toml", "m.example.com:5000") ==
        "# Written by muster.\nserver = \"https://m.example.com:5000\"\n"
        "ca = \"/etc/containerd/certs.d/m.example.com_5000_/ca.crt\"\n");
  CHECK(made.render("registries", "registries/hosts.toml", "*") ==
        "# Written by muster.\n[host.\"https://m.example.com:5000\"]\n"
        "  capabilities = [\"pull\", \"resolve\"]\n"
        "  ca = \"/etc/containerd/certs.d/m.example.com_5000_/ca.crt\"\n");
  CHECK(made.render("registries", "registries/logins.toml") ==
        "# Written by muster.\nversion = 3\n"
        "[plugins.\"io.containerd.cri.v1.images\".registry.configs.\"registry-1.docker.io\".auth]\n"
        "  username = \"ann\"\n  password = \"pa\\\"ss\"\n");
}

TEST_CASE("programs: containerd's proxies, and what goes without") {
  Rendering made(
      R"("proxy": {"http": "http://ann:geheim@10.0.0.9:3128", "no_proxy": [".example.com"]},)");
  CHECK(made.render("proxy", "proxy/proxy.env") ==
        "# Written by muster.\nHTTP_PROXY=\"http://ann:geheim@10.0.0.9:3128\"\n"
        "NO_PROXY=\"localhost,127.0.0.0/8,::1,10.233.0.0/18,10.233.64.0/18,.svc,.cluster.local,"
        "m-001,10.1.0.1,w-001,10.1.0.2,.example.com\"\n");
}

TEST_CASE(
    "programs: roles for what is outside come where containers run, when they are asked for") {
  auto has = [](const Rendering& made, const std::string& role) {
    return made.cluster.nodes.back().has_role(role);
  };
  Rendering none("");
  CHECK_FALSE(has(none, "proxy"));
  CHECK_FALSE(has(none, "registries"));
  Rendering both(R"("proxy": {"https": "http://10.0.0.9:3128"}, "registries": {"docker.io": {}},)");
  CHECK(has(both, "proxy"));
  CHECK(has(both, "registries"));
}

TEST_CASE("programs: more flags stand behind muster's own, as words of a unit") {
  Rendering made(R"("extra_args": {"kube-scheduler": {"kube-api-qps": 9,
      "feature-gates": ["ContextualLogging=true"], "kube-api-content-type": "a \"b\" %n $c \\"}},)");
  auto unit = made.render("kube-control-plane", "kube-control-plane/kube-scheduler.service");
  CHECK(unit.find("  --leader-elect=true \\\n  \"--kube-api-qps=9\" \\\n"
                  "  \"--feature-gates=ContextualLogging=true\" \\\n"
                  "  \"--kube-api-content-type=a \\\"b\\\" %%n $$c \\\\\"\nRestart=always\n") !=
        std::string::npos);
  Rendering none("");
  CHECK(none.render("kube-control-plane", "kube-control-plane/kube-scheduler.service")
            .find("  --leader-elect=true\nRestart=always\n") != std::string::npos);
}

TEST_CASE("programs: audit and issuers are in the API server's files and flags") {
  Rendering made(R"("audit": {"policy": {"apiVersion": "audit.k8s.io/v1", "kind": "Policy",
        "rules": [{"level": "Metadata"}]}, "webhook": {"url": "https://10.0.0.9/e", "token": "geheim"}},
      "authentication": {"oidc": [{"issuer": "https://login.example.com", "audiences": ["a"]}]},)");
  const std::string role = "kube-control-plane";
  CHECK(made.render(role, role + "/audit.yaml") ==
        "# Written by muster.\n"
        R"({"apiVersion":"audit.k8s.io/v1","kind":"Policy","rules":[{"level":"Metadata"}]})"
        "\n");
  auto unit = made.render(role, role + "/kube-apiserver.service");
  CHECK(line_with(unit, "audit-webhook-mode") == "  --audit-webhook-mode=batch \\");
  CHECK(line_with(unit, "audit-webhook-config-file") ==
        "  --audit-webhook-config-file=/etc/kubernetes/audit-webhook.conf \\");
  CHECK(line_with(made.render(role, role + "/audit-webhook.conf"), "token") ==
        "    token: \"geheim\"");
  CHECK(line_with(made.render(role, role + "/authentication.yaml"), "issuer") ==
        R"(  [{"issuer":{"url":"https://login.example.com","audiences":["a"]},)"
        R"("claimMappings":{"username":{"claim":"sub","prefix":"oidc:"}}}])");
  Rendering none("");
  CHECK(none.render(role, role + "/kube-apiserver.service").find("webhook") == std::string::npos);
  CHECK(none.render(role, role + "/authentication.yaml").find("jwt") == std::string::npos);
}

TEST_CASE("programs: a change is planned where it is used, and nowhere else") {
  const std::map<std::string, std::string> changes = {
      {"registries", R"("registries": {"docker.io": {"mirrors": ["https://m.example.com"]}},)"},
      {"proxy", R"("proxy": {"http": "http://10.0.0.9:3128"},)"},
      {"etcd", R"("extra_args": {"etcd": {"max-wals": 9}},)"},
      {"kube-node", R"("extra_config": {"kubelet": {"maxPods": 200}},)"},
      {"kube-control-plane", R"("audit": {"webhook": {"url": "https://10.0.0.9"}},)"}};
  Rendering before("");
  for (const auto& [role, settings] : changes) {
    Rendering after(settings);
    for (const auto& [other, unused] : changes) {
      CAPTURE(role);
      CAPTURE(other);
      CHECK((before.fingerprint(other) != after.fingerprint(other)) == (role == other));
    }
  }
}

TEST_CASE("programs: another password is another fingerprint, which does not hold it") {
  const std::string settings =
      R"("registries": {"docker.io": {"auth": {"username": "ann", "password": "geheim"}}},)";
  Rendering one(settings);
  auto before = one.fingerprint("registries");
  one.cluster.secrets.at(registry_secret("docker.io")).value = Secret("other");
  CHECK(one.fingerprint("registries") == before);
  one.cluster.secrets.at(registry_secret("docker.io")).version = 2;
  CHECK(one.fingerprint("registries") != before);
}
