// Every setting that a definition may change, changed on a node that has all of muster's own roles:
// what these made under names that came from it is gone, as if it had never had another value.
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "inventory/cluster.h"
#include "provisioner/base/sha256.h"
#include "provisioner/definition/attribs.h"
#include "provisioner/definition/definition.h"
#include "provisioner/run/context.h"
#include "provisioner/tasks/ledger.h"
#include "tests/shells/ledgers.h"
#include "tests/support/node_facts.h"
#include "tests/support/vault.h"

using namespace muster;
using namespace muster::testing;
namespace fs = std::filesystem;

namespace {

/// Another value for each setting. One that is not here has no test: add it.
const std::map<std::string, std::string> kOther{{"k8s-version", "\"v1.36.3\""},
                                                {"k8s-bin_dir", "\"/opt/other/bin\""},
                                                {"k8s-kube_config_dir", "\"/srv/kubernetes\""},
                                                {"k8s-kube_cert_dir", "\"/srv/keys\""},
                                                {"k8s-log_level", "4"},
                                                {"k8s-kube_api_anonymous_auth", "true"},
                                                {"k8s-cluster_name", "\"other.org\""},
                                                {"k8s-dns_domain", "\"other.org\""},
                                                {"k8s-dns_mode", "\"none\""},
                                                {"k8s-kube_network_plugin", "\"none\""},
                                                {"k8s-kube_service_addresses", "\"10.1.0.0/20\""},
                                                {"k8s-kube_pod_subnet", "\"10.2.0.0/16\""},
                                                {"k8s-kube_network_node_prefix", "25"},
                                                {"k8s-kube_apiserver_port", "6444"},
                                                {"k8s-nginx_kube_apiserver_port", "7444"},
                                                {"k8s-image_pull_policy", "\"Always\""},
                                                {"patience", "2"},
                                                {"login_user", "\"eve\""}};

/// These name nothing, but something is there with one value only: a file, and what is not played
/// here: an image, and what firewalld lets through (former_test.cc has all kinds).
const std::set<std::string> kTakeUnplayedAlong{"k8s-dns_mode", "k8s-kube_apiserver_port",
                                               "k8s-kube_pod_subnet"};
bool takes_along(const std::string& rule) {
  return kTakeUnplayedAlong.contains(rule) || rule == "k8s-kube_network_plugin";
}

/// What shells and the test's programs can play of a role; the rest must be called the same always.
const std::set<std::string> kPlayed{"file",     "directory", "link",
                                    "artifact", "user",      "authorized_key"};

Cluster cluster_with(const std::string& settings) {
  auto roles = load_roles({});
  auto read = parse_definition(
      "d.json",
      R"({"name": "d", "provider": {"name": "local"}, )" + settings +
          R"("nodes": [{"prefix": "n", "roles": ["etcd", "k8s-master", "k8s-worker", "k8s-addons"]}]})",
      {}, {roles, {"local"}});
  auto cluster = expand(read.definition, roles, read.diagnostics);
  REQUIRE_MESSAGE(!read.diagnostics.has_errors(), read.diagnostics.render());
  return cluster;
}

const std::string kKeys =
    R"("public_keys": {"ann": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tr"}, )";

/// The node with the roles that a cluster gives it.
class Playing {
 public:
  explicit Playing(Pki& pki) : pki_(pki), node_(Flavour::dash) {
    auto add = [&](const char* file, const std::string& line) {
      write_file(node_ / file, read_file(node_ / file) + line);
    };
    add("etc/passwd", "etcd:x:999:999::/var/lib/etcd:/bin/sh\n");
    add("etc/group", "etcd:x:999:\n");
    for (const char* folder :
         {"etc/systemd/system", "etc/cni/net.d", "usr/local/bin", "etc/sudoers.d"}) {
      fs::create_directories(node_ / folder);
    }
  }

  /// The names of the roles of which something former went.
  std::string apply(const Cluster& cluster) {
    std::string went;
    const auto& node = cluster.nodes.front();
    for (auto left = had_.rbegin(); left != had_.rend(); ++left) {
      if (std::ranges::find(node.all_roles, *left) != node.all_roles.end()) continue;
      auto ran = node_.run(compiled(cluster, *find_role(roles_, *left), {}).script, kNonce);
      CHECK_MESSAGE(ran.ended, *left << ": " << ran.error_output);
    }
    for (const auto& name : node.all_roles) {
      const auto& role = *find_role(roles_, name);
      auto script = compiled(cluster, role, role.tasks);
      auto ran = node_.run(script.script, kNonce);
      for (const auto& reply : ran.replies) {
        CHECK_MESSAGE(reply.outcome != "failed", name << ": " << reply.output);
        if (script.task_names[static_cast<std::size_t>(reply.index)] == kFormerTask)
          went += name + " ";
      }
      CHECK_MESSAGE(ran.ended, name << ": " << ran.error_output);
    }
    had_ = node.all_roles;
    return went;
  }

  /// What each role wants, by the names of things, as the compiler tells the node; `played`: only
  /// what the shells can play.
  std::set<std::string> wanted(const Cluster& cluster, bool played) {
    std::set<std::string> names;
    for (const auto& name : cluster.nodes.front().all_roles) {
      const auto& role = *find_role(roles_, name);
      auto script = compiled(cluster, role, role.tasks, played).script;
      const std::string begin = "\nm_wants='";
      auto at = script.find(begin);
      if (at == script.npos) continue;
      at += begin.size();
      for (const auto& line : split(script.substr(at, script.find("'\n", at) - at), '\n')) {
        names.insert(name + ": " + line);
      }
    }
    return names;
  }

  Snapshot all() const {
    auto all = seen(node_);
    for (const char* rest : {"etc/passwd-", "etc/shadow-", "etc/group-"}) all.erase(rest);
    for (auto& [path, text] : all) {
      // The number of a new user.
      if (path.starts_with("home/")) text = "";
      // Certificates differ each time that they are issued.
      text.resize(std::min(text.size(), text.find('\n')));
    }
    return all;
  }

 private:
  /// Without tasks: the undo of the role, as far as that is what was noted.
  CompiledScript compiled(const Cluster& cluster, Role role, std::vector<Task> tasks,
                          bool played = true) {
    const bool leaves = tasks.empty() && !role.tasks.empty();
    role.handlers.clear();
    for (auto& task : tasks) task.notify.clear();
    if (played) std::erase_if(tasks, [](const Task& task) { return !kPlayed.contains(task.kind); });
    role.traces.clear();
    (leaves ? role.undo : role.tasks) = tasks;
    auto context = make_context(context_input(cluster, role), pki_);
    CompileInput input;
    input.role = &role;
    input.tasks = leaves ? &role.undo : &role.tasks;
    input.context = &context;
    input.nonce = kNonce;
    input.load_template = [](const std::string& file) { return load_template({}, file); };
    input.artifact_sha256 = [&](const std::string& name) {
      auto sum = sha256(name + cluster.settings.version);
      auto file = node_ / ("opt/muster/store/" + sum);
      if (!fs::exists(file)) write_file(file, "x");
      return sum;
    };
    return compile(input);
  }

  ContextInput context_input(const Cluster& cluster, const Role& role) {
    ContextInput input;
    input.cluster = &cluster;
    input.node = &cluster.nodes.front();
    input.role = &role;
    endpoints_[input.node->name].address = "10.9.0.1";
    input.endpoints = &endpoints_;
    input.before = &nothing_;
    input.certificates = &order_;
    input.facts = facts_of_a_node();
    for (const char* artifact : {"coredns-image", "pause-image"}) input.artifacts[artifact] = true;
    return input;
  }

  Pki& pki_;
  Sandbox node_;
  std::vector<Role> roles_ = load_roles({});
  std::vector<std::string> had_;
  std::map<std::string, Endpoint> endpoints_;
  RecordIndex nothing_;
  CertificateOrder order_;
};

}  // namespace

TEST_SUITE_BEGIN("needs root" * doctest::skip(!Sandbox::possible()));

TEST_CASE("attribs: whatever changes, nothing is left under a former name") {
  MemoryVault vault;
  Pki pki(vault, "d");
  const auto before = cluster_with(kKeys);
  for (const auto& rule : attrib_rules()) {
    if (!rule.replaced_by.empty() || !rule.alias_of.empty()) continue;
    CAPTURE(rule.name);
    REQUIRE_MESSAGE(kOther.contains(rule.name), "a setting without a test");
    auto now = cluster_with(kKeys + "\"attribs\": {\"" + rule.name + "\": " + kOther.at(rule.name) +
                            "}, ");
    Playing node(pki);
    Playing fresh(pki);
    // Where all is called the same, nothing can be left.
    const bool same = node.wanted(before, false) == node.wanted(now, false);
    CHECK(same == (rule.names.empty() && !takes_along(rule.name)));
    if (same) continue;
    CHECK(fresh.apply(now) == "");
    CHECK(node.apply(before) == "");
    CHECK((node.apply(now) != "") == !kTakeUnplayedAlong.contains(rule.name));
    CHECK(paths(node.all()) == paths(fresh.all()));
    CHECK(node.all() == fresh.all());
    CHECK(node.apply(now) == "");
    // What the shells do not play has the same name, whatever the setting; labels, their files'.
    if (takes_along(rule.name)) continue;
    auto unplayed = [&](const Cluster& cluster) {
      auto all = node.wanted(cluster, false);
      for (const auto& name : node.wanted(cluster, true)) all.erase(name);
      std::erase_if(all, [](const auto& name) { return name.find(": context:") != name.npos; });
      return all;
    };
    CHECK(unplayed(before) == unplayed(now));
  }
}

TEST_CASE("attribs: without public_keys nothing of them is left") {
  MemoryVault vault;
  Pki pki(vault, "d");
  Playing node(pki);
  Playing fresh(pki);
  fresh.apply(cluster_with(""));
  node.apply(cluster_with(kKeys));
  CHECK(node.apply(cluster_with("")) == "base ");
  CHECK(paths(node.all()) == paths(fresh.all()));
}

TEST_SUITE_END();
