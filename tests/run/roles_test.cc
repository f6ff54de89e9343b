// The built-in roles as a run renders them: a real definition, context and certificates.
#include <doctest/doctest.h>
#include <yaml-cpp/yaml.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "inventory/cluster.h"
#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/process.h"
#include "provisioner/base/text.h"
#include "provisioner/definition/definition.h"
#include "provisioner/plan/plan.h"
#include "provisioner/run/context.h"
#include "provisioner/tasks/compile.h"
#include "tests/run/role_context.h"
#include "tests/support/folder.h"
#include "tests/support/vault.h"
#include "tests/support/yaml_texts.h"

using namespace muster;
namespace fs = std::filesystem;

namespace {

const std::string kDefinition = R"({"name": "demo", "provider": {"name": "local"},
  "public_keys": {"ann": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tr a"},
  "registries": {"docker.io": {"mirrors": ["https://m.example.com"]},
                 "m.example.com": {"ca": "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----",
                                   "auth": {"username": "ann", "password": "xxx"}}},
  "proxy": {"http": "http://10.1.0.1:3128"},
  "extra_args": {"kubelet": {"cert-dir": "/a b"}, "kube-apiserver": {"event-ttl": "2h"},
                 "kube-scheduler": {"kube-api-qps": 9}, "kube-proxy": {"conntrack-min": 9},
                 "kube-controller-manager": {"kube-api-qps": 9}, "etcd": {"max-wals": 9}},
  "extra_config": {"kubelet": {"maxPods": 200}, "kube-proxy": {"mode": "iptables"}},
  "audit": {"policy": {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [{"level": "None"}]},
            "webhook": {"url": "https://10.1.0.1/events", "token": "xxx"}},
  "authentication": {"oidc": [{"issuer": "https://login.example.com", "audiences": ["a"]}]},
  "nodes": [{"prefix": "m", "roles": ["etcd", "k8s-master", "k8s-addons"], "count": 3},
            {"prefix": "w", "roles": ["k8s-worker"], "labels": {"a": "b"},
             "taints": ["k=v:NoSchedule"]}]})";

Cluster cluster_of(const std::vector<Role>& roles) {
  auto result = parse_definition("demo.json", kDefinition, {}, {roles, {"local"}});
  auto cluster = expand(result.definition, roles, result.diagnostics);
  REQUIRE(result.diagnostics.render() == "");
  return cluster;
}

/// Complaints of systemd about the units in a folder. That what they start or need is not
/// installed here is none.
std::string unit_complaints(const TestFolder& folder) {
  ProcessSpec spec;
  spec.argv = {"systemd-analyze", "verify", "--man=no"};
  for (const auto& file : fs::directory_iterator(folder.path())) {
    if (file.path().extension() == ".service") spec.argv.push_back(file.path().string());
  }
  CHECK(spec.argv.size() > 8);
  std::string out;
  for (const auto& line : split(run_process(spec).error_output, '\n')) {
    auto unit = line.substr(0, line.find(':'));
    bool ours = fs::exists(folder / fs::path(unit).filename().string());
    bool missing = line.ends_with(" not found.") ||
                   line.find("is not executable: No such file") != std::string::npos;
    if (!unit.empty() && ours && !missing) out += line + "\n";
  }
  return out;
}

/// What the program that reads the file says against it.
std::string complaints(const std::string& path, const std::string& text, const TestFolder& folder) {
  auto name = fs::path(path).filename().string();
  auto file = folder.path() / name;
  write_file(file, text);
  if (path.ends_with(".sh")) {
    ProcessSpec spec;
    spec.argv = {"dash", "-n", file.string()};
    return run_process(spec).error_output;
  }
  try {
    if (path.ends_with(".conflist") && nlohmann::json::parse(text).empty()) return "empty";
    bool yaml = path.ends_with(".yaml") || text.starts_with("apiVersion:");
    if (yaml && YAML::LoadAll(text).empty()) return "no document";
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

nlohmann::json list_of(const nlohmann::json& context, const Task& task) {
  auto path = task.for_each;
  std::replace(path.begin(), path.end(), '.', '/');
  return context.at(nlohmann::json::json_pointer("/" + path));
}

void check_files(const std::vector<Task>& tasks, const nlohmann::json& context,
                 const TestFolder& folder, std::set<std::string>& seen) {
  for (const auto& task : tasks) {
    const auto* name = task.args.find("template");
    if (name == nullptr || !seen.insert(name->text).second) continue;
    CAPTURE(name->text);
    auto check = [&](const nlohmann::json& seen_by_it) {
      auto text = render_template(load_template({}, name->text), name->text, seen_by_it);
      const auto* path = task.args.find("path");
      CHECK(complaints(path == nullptr ? name->text : path->text, text, folder) == "");
    };
    if (task.for_each.empty()) check(context);
    auto with_item = context;
    for (const auto& item :
         task.for_each.empty() ? nlohmann::json::array() : list_of(context, task)) {
      with_item["item"] = item;
      check(with_item);
    }
  }
}

}  // namespace

TEST_CASE("roles: every built-in role compiles for every node, and its files can be read") {
  auto roles = load_roles({});
  auto cluster = cluster_of(roles);
  MemoryVault vault;
  Pki pki(vault, "demo");
  TestFolder folder;
  std::set<std::string> seen;
  std::set<std::string> used;
  for (const auto& node : {cluster.nodes.front(), cluster.nodes.back()}) {
    for (const auto& name : node.all_roles) {
      CAPTURE(node.name);
      CAPTURE(name);
      const auto& role = *find_role(roles, name);
      used.insert(name);
      auto context = make_context(testing::context_input(cluster, node, role), pki);
      for (const auto* tasks : {&role.tasks, &role.undo}) {
        CompileInput input;
        input.role = &role;
        input.tasks = tasks;
        input.context = &context;
        input.nonce = "0123456789abcdef";
        input.load_template = [](const std::string& file) { return load_template({}, file); };
        input.artifact_sha256 = [](const std::string&) { return std::string(64, 'a'); };
        std::string script;
        CHECK_NOTHROW(script = compile(input).script);
        CHECK(complaints("script.sh", script, folder) == "");
        check_files(*tasks, context, folder, seen);
      }
    }
  }
  CHECK(unit_complaints(folder) == "");
  for (const auto& role : roles) CHECK_MESSAGE(used.contains(role.name), role.name);
  // Templates that no role names would be dead.
  for (const auto& file :
       fs::recursive_directory_iterator(fs::path(MUSTER_SOURCE_DIR) / "templates")) {
    if (!file.is_regular_file()) continue;
    auto name = file.path().lexically_relative(fs::path(MUSTER_SOURCE_DIR) / "templates").string();
    CHECK_MESSAGE(seen.contains(name), name);
  }
}

namespace {

/// The definition with names that YAML takes for something else when they stand alone.
Cluster odd_cluster(const std::vector<Role>& roles, const std::string& odd) {
  auto text = R"({"name": ")" + odd + R"(", "provider": {"name": "local"}, "nodes": [
      {"prefix": "m", "roles": ["etcd", "k8s-master", "k8s-worker", "k8s-addons"]}]})";
  auto result = parse_definition("odd.json", text, {}, {roles, {"local"}});
  auto cluster = expand(result.definition, roles, result.diagnostics);
  REQUIRE(result.diagnostics.render() == "");
  cluster.settings.dns_domain = cluster.nodes[0].name = odd;
  return cluster;
}

int count_strings(const nlohmann::json& value, const std::string& odd) {
  int count = value == odd ? 1 : 0;
  if (value.is_structured()) {
    for (const auto& item : value) count += count_strings(item, odd);
  }
  return count;
}

}  // namespace

TEST_CASE("roles: names that look like numbers, dates or booleans are texts in every YAML file") {
  auto roles = load_roles({});
  TestFolder folder;
  std::map<std::string, std::pair<std::string, int>> wanted;  // by file: a text, and how often
  for (const std::string odd : testing::kOddNames) {
    CAPTURE(odd);
    auto cluster = odd_cluster(roles, odd);
    MemoryVault vault;
    Pki pki(vault, odd);
    int files = 0;
    for (const auto& name : cluster.nodes[0].all_roles) {
      const auto& role = *find_role(roles, name);
      auto context = make_context(testing::context_input(cluster, cluster.nodes[0], role), pki);
      for (const auto& task : role.tasks) {
        const auto* file = task.args.find("template");
        if (file == nullptr) continue;
        auto source = load_template({}, file->text);
        auto text = render_template(source, file->text, context);
        bool yaml = file->text.ends_with(".yaml") || source.find("apiVersion: ") < 200;
        if (!yaml) continue;
        CAPTURE(file->text);
        ++files;
        int texts = 0;
        for (const auto& document : YAML::LoadAll(text))
          texts += testing::count_texts(document, odd);
        auto copy = odd + "-" + name + "-" + fs::path(file->text).filename().string();
        write_file(folder / copy, text);
        wanted[copy] = {odd, texts};
        // Every value of its own in a template goes through the filter.
        for (const auto& line : split(source, '\n')) {
          bool alone = trim(line).ends_with("}}") && line.find(": {{") != std::string::npos;
          if (alone) CHECK(line.find("|yaml}}") != std::string::npos);
        }
      }
    }
    CHECK(files > 8);
  }
  const auto all = testing::read_by_python(folder.path());
  for (const auto& [file, documents] : all.items()) {
    CAPTURE(file);
    const auto& [odd, times] = wanted.at(file);
    CHECK(count_strings(documents, odd) == times);
  }
}

TEST_CASE("roles: muster's own taint of a master gives way to the same one of the definition") {
  auto roles = load_roles({});
  auto cluster = cluster_of(roles);
  MemoryVault vault;
  Pki pki(vault, "demo");
  auto taints = [&](std::vector<std::string> own) {
    cluster.nodes.front().taints = std::move(own);
    const auto& role = *find_role(roles, "kube-node");
    return make_context(testing::context_input(cluster, cluster.nodes.front(), role), pki)
        .at("node")
        .at("taints");
  };
  const std::string kOwn = "node-role.kubernetes.io/control-plane";
  CHECK(taints({}) == kOwn + "=:NoSchedule");
  CHECK(taints({kOwn + ":NoSchedule"}) == kOwn + ":NoSchedule");
  CHECK(taints({"a:NoSchedule", kOwn + "=x:NoSchedule"}) ==
        "a:NoSchedule," + kOwn + "=x:NoSchedule");
  CHECK(taints({kOwn + ":NoExecute"}) == kOwn + "=:NoSchedule," + kOwn + ":NoExecute");
}

TEST_CASE("roles: a template sees the lists of members that its role uses, and no others") {
  auto roles = load_roles({});
  auto cluster = cluster_of(roles);
  MemoryVault vault;
  Pki pki(vault, "demo");
  auto context_of = [&](std::vector<std::string> uses) {
    Role role;
    role.name = "mine";
    role.uses = std::move(uses);
    return make_context(testing::context_input(cluster, cluster.nodes.front(), role), pki);
  };
  auto none = context_of({});
  CHECK(none.at("members").empty());
  CHECK_FALSE(none.contains("nodes"));
  auto some = context_of({"k8s-worker", "nobody"});
  CHECK(some.at("members").size() == 2);
  CHECK(some.at("members").at("k8s_worker").size() == 1);
  CHECK(some.at("members").at("nobody").empty());
  CHECK_FALSE(some.contains("nodes"));
  CHECK(context_of({"*"}).at("nodes").size() == 4);
}

/// Whether `step` waits, on its node, for the step of `role`.
bool waits_for(const Plan& plan, const Step& step, const std::string& role) {
  return std::ranges::any_of(step.needs, [&](int need) {
    const auto& other = plan.steps[index(need)];
    return other.role == role || waits_for(plan, other, role);
  });
}

TEST_CASE("roles: no kubelet starts where the image of cluster DNS is still to come") {
  auto roles = load_roles({});
  auto cluster = cluster_of(roles);
  DeploymentRecord record;
  for (const auto& node : cluster.nodes) {
    record.nodes.emplace_back().name = node.name;
    // As a run that was killed leaves it: one node has the image, the others do not.
    if (record.nodes.size() == 1) record.nodes.back().roles.push_back({"dns-image", "f"});
  }
  auto plan = plan_apply(cluster, roles, &record);
  int kubelets = 0;
  for (const auto& step : plan.steps) {
    if (step.role != "kube-node-ready") continue;
    ++kubelets;
    CAPTURE(step.node);
    CHECK(waits_for(plan, step, "dns-image"));
  }
  CHECK(kubelets == 4);
}

TEST_CASE(
    "roles: nodes find each other where the cluster does, which may not be where muster does") {
  auto roles = load_roles({});
  auto cluster = cluster_of(roles);
  MemoryVault vault;
  Pki pki(vault, "demo");
  Role role;
  role.name = "mine";
  role.uses = {"*"};
  auto input = testing::context_input(cluster, cluster.nodes.front(), role);
  auto endpoints = *input.endpoints;
  auto& first = endpoints[cluster.nodes.front().name];
  first.address = "jump.example";
  first.cluster_address = "10.2.0.1";
  input.endpoints = &endpoints;
  auto context = make_context(input, pki);
  CHECK(context.at("node").at("address") == "10.2.0.1");
  CHECK(context.at("node").at("ssh_address") == "jump.example");
  CHECK(context.at("nodes").at(0).at("address") == "10.2.0.1");
  CHECK(context.at("nodes").at(1).at("address") == "10.1.0.11");
}
