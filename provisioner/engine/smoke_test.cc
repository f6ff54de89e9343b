#include "provisioner/engine/smoke_test.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/engine/control_plane.h"
#include "provisioner/engine/test_image.h"
#include "provisioner/pki/pki.h"

namespace muster {

namespace {

using std::chrono::seconds;

/// Above all waits of a case together, which end it with a better word.
constexpr seconds kCaseDeadline{180};
constexpr std::size_t kMostNodes = 50;  // with a pod of ours
constexpr std::size_t kMostAnswering = 3;

// In the order of running.
constexpr const char* kNodes = "every node is Ready";
constexpr const char* kImage = "nodes have the image of the test's pods";
constexpr const char* kPods = "pods start on every node that takes them";
constexpr const char* kExec = "kubectl exec runs a command in a pod";
constexpr const char* kLogs = "kubectl logs shows what a pod printed";
constexpr const char* kAcross = "pods reach pods on other nodes";
constexpr const char* kService = "a Service answers on every node and is balanced over its pods";
constexpr const char* kDns = "cluster DNS resolves kubernetes.default";
constexpr const char* kName = "a Service answers by its name";
constexpr const char* kGone = "what the test made is gone";

/// Why it failed, by its own word or else by the last that it said.
std::string reason_in(const std::string& output) {
  std::string last;
  std::string own;
  for (const auto& line : split(output, '\n')) {
    if (line.starts_with("=> ")) own = line.substr(3);
    if (!trim(line).empty() && !line.starts_with("$ ")) last = trim(line);
  }
  return own.empty() ? last : own;
}

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
        namespace_("muster-test-" + random_hex(4)) {
    suite_.name = "muster test " + record.name;
    suite_.started_ms = world.clock->wall_ms();
    began_ms_ = world.clock->steady_ms();
  }

  TestSuite run() {
    note("testing from " + control_plane_.node() + ", in the namespace " + namespace_);
    check_nodes();
    if (schedulable_.empty()) {
      for (const char* name : {kImage, kPods}) skip(name, "no node takes pods");
    } else {
      bring_image();
      start_pods();
    }
    check_pods();
    check_network();
    clean_up();
    suite_.ms = world_.clock->steady_ms() - began_ms_;
    return std::move(suite_);
  }

 private:
  void note(const std::string& line) {
    if (options_.on_note) options_.on_note(line);
  }

  void add(TestCase test) {
    if (options_.on_case) options_.on_case(test);
    suite_.cases.push_back(std::move(test));
  }

  void skip(const char* name, const std::string& why) {
    TestCase test;
    test.name = name;
    test.verdict = Verdict::skipped;
    test.message = why;
    add(std::move(test));
  }

  /// Runs one function of smoke_test.sh as a case; whether it passed.
  bool check(const char* name, const std::vector<std::string>& words, std::string* output = nullptr,
             bool can_stop = true) {
    if (can_stop && options_.stop.stop_requested())
      return skip(name, "the test was stopped"), false;
    const auto began = world_.clock->steady_ms();
    auto answer = control_plane_.run(namespace_, words, kCaseDeadline, can_stop);
    TestCase test;
    test.name = name;
    test.ms = world_.clock->steady_ms() - began;
    if (output != nullptr) *output = answer.output;
    if (answer.stopped) {
      test.verdict = Verdict::skipped;
      test.message = "the test was stopped";
    } else if (answer.timed_out || answer.exit_code != 0) {
      test.verdict = Verdict::failed;
      test.message = answer.timed_out
                         ? "not done within " + std::to_string(kCaseDeadline.count()) + " s"
                         : reason_in(answer.output);
      if (test.message.empty()) test.message = "exit code " + std::to_string(answer.exit_code);
      test.output = answer.output;
    }
    bool passed = test.verdict == Verdict::passed;
    add(std::move(test));
    return passed;
  }

  void check_nodes() {
    std::vector<std::string> words{"nodes"};
    for (const auto& node : record_.nodes) {
      if (is_kubernetes_node(node)) words.push_back(node.name);
    }
    std::string output;
    check(kNodes, words, &output);
    for (const auto& node : seen_nodes(output)) {
      if (node.schedulable) schedulable_.push_back(node.name);
    }
    if (schedulable_.size() <= kMostNodes) return;
    note("pods go to " + std::to_string(kMostNodes) + " of " + std::to_string(schedulable_.size()) +
         " nodes");
    schedulable_.resize(kMostNodes);
  }

  void bring_image() {
    if (options_.stop.stop_requested()) return skip(kImage, "the test was stopped");
    const auto began = world_.clock->steady_ms();
    auto test = import_test_image(world_, cluster_, record_, schedulable_,
                                  control_plane_.architecture(), options_.stop, options_.on_note);
    test.name = kImage;
    test.ms = world_.clock->steady_ms() - began;
    add(std::move(test));
  }

  void start_pods() {
    if (options_.stop.stop_requested()) return skip(kPods, "the test was stopped");
    // To its end: a namespace that appears after the clean-up would stay.
    made_namespace_ = true;
    auto now = std::to_string(world_.clock->wall_ms() / 1000);
    auto made = control_plane_.run(namespace_, {"namespace", now}, kCaseDeadline, false);
    if (made.exit_code != 0) {
      TestCase test;
      test.name = kPods;
      test.verdict = Verdict::failed;
      test.message = "no namespace: " + reason_in(made.output);
      test.output = made.output;
      return add(std::move(test));
    }
    std::vector<std::string> words{"pods", kTestImage};
    words.insert(words.end(), schedulable_.begin(), schedulable_.end());
    // Two of them on one node: a Service needs some to choose from.
    if (schedulable_.size() == 1) words.push_back(schedulable_.front());
    pods_ = words.size() - 2;
    pods_run_ = check(kPods, words);
  }

  void check_pods() {
    if (!pods_run_) {
      for (const char* name : {kExec, kLogs}) skip(name, "no pods run to try it with");
      return;
    }
    exec_works_ = check(kExec, {"exec_works"});
    check(kLogs, {"logs"});
  }

  void check_network() {
    if (!exec_works_) {
      for (const char* name : {kAcross, kService, kDns, kName}) {
        skip(name, pods_run_ ? "it takes kubectl exec" : "no pods run to try it with");
      }
      return;
    }
    bool reached = true;
    if (schedulable_.size() < 2) {
      skip(kAcross, "only one node takes pods");
    } else {
      reached = check(kAcross, {"across"});
    }
    bool serves = false;
    if (reached) {
      serves = check(kService, {"service", std::to_string(std::min(pods_, kMostAnswering))});
    } else {
      skip(kService, "its pods do not reach each other");
    }
    check_names(serves);
  }

  void check_names(bool serves) {
    const auto& domain = cluster_.settings.dns_domain;
    bool wanted = cluster_.settings.dns_mode != "none" &&
                  std::ranges::any_of(cluster_.nodes,
                                      [](const Node& node) { return node.has_role("k8s-addons"); });
    if (!wanted) {
      for (const char* name : {kDns, kName}) skip(name, "the definition asks for no cluster DNS");
      return;
    }
    bool resolves = check(kDns, {"dns", domain});
    if (resolves && serves) {
      check(kName, {"service_name", domain});
    } else {
      skip(kName, resolves ? "no Service answers by its address" : "cluster DNS does not work");
    }
  }

  void clean_up() {
    if (!made_namespace_) return;
    if (options_.stop.stop_requested()) note("removing the namespace " + namespace_);
    check(kGone, {"gone"}, nullptr, false);
  }

  const World& world_;
  const Cluster& cluster_;
  const DeploymentRecord& record_;
  const SmokeTestOptions& options_;
  ControlPlane control_plane_;
  std::string namespace_;
  TestSuite suite_;
  std::int64_t began_ms_ = 0;
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

TestSuite smoke_test(const World& world, const Cluster& cluster, const DeploymentRecord& record,
                     const SmokeTestOptions& options) {
  return SmokeTest(world, cluster, record, options).run();
}

}  // namespace muster
