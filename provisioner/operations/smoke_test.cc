#include "provisioner/operations/smoke_test.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "provisioner/base/text.h"
#include "provisioner/operations/control_plane.h"
#include "provisioner/operations/passing_identity.h"
#include "provisioner/operations/smoke_cases.h"
#include "provisioner/operations/test_image.h"
#include "provisioner/operations/test_mirror.h"
#include "provisioner/pki/pki.h"
#include "provisioner/releases/releases.h"

namespace muster {

namespace {

/// For what is asked besides the cases.
constexpr std::chrono::seconds kAskDeadline{60};
constexpr std::size_t kMostNodes = 50;  // with a pod of ours
constexpr std::size_t kMostAnswering = 3;

// In the order of running.
constexpr const char* kNodes = "every node is Ready";
constexpr const char* kImage = "nodes have the image of the test's pods";
constexpr const char* kPods = "pods start on every node that takes them";
constexpr const char* kExec = "kubectl exec runs a command in a pod";
constexpr const char* kWebSocket = "kubectl exec goes over WebSocket";
constexpr const char* kLogs = "kubectl logs shows what a pod printed";
constexpr const char* kAcross = "pods reach pods on other nodes";
constexpr const char* kService = "a Service answers on every node and is balanced over its pods";
constexpr const char* kDns = "cluster DNS resolves kubernetes.default";
constexpr const char* kName = "a Service answers by its name";
constexpr const char* kPolicy = "a NetworkPolicy refuses what it does not allow";
constexpr const char* kFromApi = "every API server reaches pods";
constexpr const char* kAggregated = "an aggregated API answers through every API server";
constexpr const char* kVolume = "a PersistentVolumeClaim is bound and written to";
constexpr const char* kMirror = "nodes pull images from mirrors";
constexpr const char* kGone = "what the test made is gone";

constexpr const char* kNoPods = "no pods run to try it with";

bool is_kubernetes_node(const NodeRecord& node) {
  return std::ranges::any_of(node.roles, [](const RoleRecord& role) {
    return role.role == "kube-node-ready" && role.whole();
  });
}

class SmokeTest {
 public:
  SmokeTest(const World& world, const Cluster& cluster, const DeploymentRecord& record,
            const SmokeTestOptions& options)
      : world_(world),
        cluster_(cluster),
        record_(record),
        options_(options),
        control_plane_(world, cluster, record, options.stop),
        cases_(control_plane_, *world.clock, options, record.name, "muster-test-" + random_hex(4)) {
  }

  TestSuite run() {
    cases_.note("testing from " + control_plane_.node() + ", in the namespace " +
                cases_.name_space());
    check_nodes();
    if (schedulable_.empty()) {
      for (const char* name : {kImage, kPods}) cases_.skip(name, "no node takes pods");
    } else {
      bring_image();
      start_pods();
    }
    check_pods();
    check_network();
    check_api_servers();
    check_volume();
    check_mirrors();
    clean_up();
    return cases_.take();
  }

 private:
  void check_nodes() {
    std::vector<std::string> words{"nodes"};
    for (const auto& node : record_.nodes) {
      if (is_kubernetes_node(node)) words.push_back(node.name);
    }
    std::string output;
    cases_.check(kNodes, words, &output);
    for (const auto& node : seen_nodes(output)) {
      if (node.schedulable) schedulable_.push_back(node.name);
    }
    if (schedulable_.size() <= kMostNodes) return;
    cases_.note("pods go to " + std::to_string(kMostNodes) + " of " +
                std::to_string(schedulable_.size()) + " nodes");
    schedulable_.resize(kMostNodes);
  }

  void bring_image() {
    cases_.time(kImage, [&] {
      return import_test_image(world_, cluster_, record_, schedulable_,
                               control_plane_.architecture(), options_.stop, options_.on_note);
    });
  }

  void start_pods() {
    if (cases_.stopped()) return cases_.skip(kPods, "the test was stopped");
    // To its end: a namespace that appears after the clean-up would stay.
    made_namespace_ = true;
    auto made = control_plane_.run(cases_.name_space(), {"namespace", now()}, kAskDeadline, false);
    if (made.exit_code != 0) {
      TestCase test;
      test.name = kPods;
      test.verdict = Verdict::failed;
      test.message = "no namespace: " + reason_in(made.output);
      test.output = made.output;
      return cases_.add(std::move(test));
    }
    std::vector<std::string> words{"pods", kTestImage};
    words.insert(words.end(), schedulable_.begin(), schedulable_.end());
    // Two of them on one node: a Service needs some to choose from.
    if (schedulable_.size() == 1) words.push_back(schedulable_.front());
    pods_ = words.size() - 2;
    pods_run_ = cases_.check(kPods, words);
  }

  void check_pods() {
    if (!pods_run_) {
      for (const char* name : {kExec, kWebSocket, kLogs}) cases_.skip(name, kNoPods);
      return;
    }
    exec_works_ = cases_.check(kExec, {"exec_works"});
    const auto& version = cluster_.settings.version;
    if (!exec_works_) {
      cases_.skip(kWebSocket, "kubectl exec does not work at all");
    } else if (!known_releases().values(version).facts.at("kube_apiserver_exec_websocket")) {
      cases_.skip(kWebSocket, "the API server of " + version + " has no WebSocket for it");
    } else {
      cases_.check(kWebSocket, {"websocket"});
    }
    cases_.check(kLogs, {"logs"});
  }

  void check_network() {
    if (!exec_works_) {
      for (const char* name : {kAcross, kService, kDns, kName, kPolicy}) {
        cases_.skip(name, pods_run_ ? "it takes kubectl exec" : kNoPods);
      }
      return;
    }
    bool reached = true;
    if (schedulable_.size() < 2) {
      cases_.skip(kAcross, "only one node takes pods");
    } else {
      reached = cases_.check(kAcross, {"across"});
    }
    bool serves = false;
    if (reached) {
      serves = cases_.check(kService, {"service", std::to_string(std::min(pods_, kMostAnswering))});
    } else {
      cases_.skip(kService, "its pods do not reach each other");
    }
    check_names(serves);
    check_policy(reached);
  }

  void check_names(bool serves) {
    const auto& domain = cluster_.settings.dns_domain;
    bool wanted = cluster_.settings.dns_mode != "none" &&
                  std::ranges::any_of(cluster_.nodes,
                                      [](const Node& node) { return node.has_role("k8s-addons"); });
    if (!wanted) {
      for (const char* name : {kDns, kName}) {
        cases_.skip(name, "the definition asks for no cluster DNS");
      }
      return;
    }
    bool resolves = cases_.check(kDns, {"dns", domain});
    if (resolves && serves) {
      cases_.check(kName, {"service_name", domain});
    } else {
      cases_.skip(kName,
                  resolves ? "no Service answers by its address" : "cluster DNS does not work");
    }
  }

  void check_policy(bool reached) {
    auto why = why_no_policies(cluster_, *world_.roles);
    if (why.empty() && !reached) why = "its pods do not reach each other";
    if (!why.empty()) return cases_.skip(kPolicy, why);
    cases_.check(kPolicy, {"policy"});
  }

  void check_api_servers() {
    bool reach = false;
    if (pods_run_) {
      reach = cases_.check(kFromApi, {"from_api"});
    } else {
      cases_.skip(kFromApi, kNoPods);
    }
    if (!pods_run_ || !reach) {
      return cases_.skip(kAggregated, pods_run_ ? "the API servers do not reach pods" : kNoPods);
    }
    auto identity = make_passing_identity("aggregated." + cases_.name_space() + ".svc");
    cases_.check(kAggregated, {"aggregated", now(), control_plane_.node(), identity.authority,
                               identity.server.reveal()});
  }

  void check_volume() {
    if (!pods_run_) return cases_.skip(kVolume, kNoPods);
    std::vector<std::string> words{"volume", kTestImage};
    words.insert(words.end(), schedulable_.begin(), schedulable_.end());
    cases_.check(kVolume, words);
  }

  void check_mirrors() {
    if (schedulable_.empty()) return cases_.skip(kMirror, "no node takes pods");
    cases_.time(kMirror, [&] {
      auto image_from = [&](const std::string& registry) {
        return trim(
            control_plane_.run(cases_.name_space(), {"image_from", registry}, kAskDeadline, true)
                .output);
      };
      return pull_from_mirrors(world_, cluster_, record_, schedulable_,
                               mirrored_images(cluster_, image_from), options_.stop);
    });
  }

  void clean_up() {
    if (!made_namespace_) return;
    if (cases_.stopped()) cases_.note("removing the namespace " + cases_.name_space());
    cases_.check(kGone, {"gone"}, nullptr, false);
  }

  std::string now() const { return std::to_string(world_.clock->wall_ms() / 1000); }

  const World& world_;
  const Cluster& cluster_;
  const DeploymentRecord& record_;
  const SmokeTestOptions& options_;
  ControlPlane control_plane_;
  SmokeCases cases_;
  std::vector<std::string> schedulable_;
  std::size_t pods_ = 0;
  bool made_namespace_ = false;  // or may have
  bool pods_run_ = false;
  bool exec_works_ = false;
};

}  // namespace

std::vector<SeenNode> seen_nodes(const std::string& output) {
  constexpr std::string_view kNameLetters = "abcdefghijklmnopqrstuvwxyz0123456789.-";
  std::vector<SeenNode> nodes;
  for (const auto& line : split(output, '\n')) {
    auto parts = split(line, '|');
    if (parts.size() < 5 || parts[0].empty()) continue;
    if (parts[0].find_first_not_of(kNameLetters) != std::string::npos) continue;
    bool taken = parts[3].find("=NoSchedule,") != std::string::npos ||
                 parts[3].find("=NoExecute,") != std::string::npos;
    nodes.push_back({parts[0], parts[1] == "True" && parts[2].empty() && !taken});
  }
  return nodes;
}

std::string why_no_policies(const Cluster& cluster, const std::vector<Role>& roles) {
  std::string ignores;
  for (const auto& role : roles) {
    if (!role.enforces_network_policies) continue;
    auto has = [&](const Node& node) { return node.has_role(role.name); };
    if (std::ranges::none_of(cluster.nodes, has)) continue;
    if (*role.enforces_network_policies) return "";
    ignores = role.name;
  }
  if (ignores.empty()) return "no role says that its pod network enforces NetworkPolicies";
  return "the pod network of the role '" + ignores + "' does not enforce NetworkPolicies";
}

TestSuite smoke_test(const World& world, const Cluster& cluster, const DeploymentRecord& record,
                     const SmokeTestOptions& options) {
  return SmokeTest(world, cluster, record, options).run();
}

}  // namespace muster
