#include "provisioner/operations/control_plane.h"

#include <algorithm>
#include <utility>

#include "provisioner/base/error.h"
#include "provisioner/base/resources.h"
#include "provisioner/base/text.h"
#include "provisioner/run/access.h"

namespace muster {

namespace {

constexpr const char* kCases[] = {
    "provisioner/operations/smoke_test.sh", "provisioner/operations/smoke_test_api.sh",
    "provisioner/operations/smoke_test_extras.sh", "provisioner/operations/smoke_test_mirror.sh"};
constexpr char kBeat = '\006';                 // what a case prints while it is silent
constexpr std::size_t kMostOfCheck = 1 << 20;  // nodes may say anything

/// Thrown through an exchange that is no longer waited for.
struct Stopped {};

bool is_master(const NodeRecord& node) {
  const auto* role = node.find_role("kube-control-plane");
  return node.state == NodeState::ready && role != nullptr && role->whole();
}

}  // namespace

std::string reason_in(const std::string& output) {
  std::string last;
  std::string own;
  for (const auto& line : split(output, '\n')) {
    if (line.starts_with("=> ")) own = line.substr(3);
    if (!trim(line).empty() && !line.starts_with("$ ")) last = trim(line);
  }
  return own.empty() ? last : own;
}

std::string case_script(const std::vector<std::string>& words) {
  std::string script;
  for (const auto* cases : kCases) script += std::string(resource(cases)) + "\n";
  script += "m_case";
  for (const auto& word : words) script += " " + shell_quote(word);
  return script + " </dev/null\n";
}

ScriptAnswer converse(NodeLink& link, const std::string& script, std::chrono::milliseconds deadline,
                      const std::stop_token& stop) {
  ScriptAnswer answer;
  try {
    auto result = link.run_plain(script, deadline, [&](std::string_view bytes) {
      if (stop.stop_requested()) throw Stopped{};
      for (char c : bytes) {
        if (c != kBeat && answer.output.size() < kMostOfCheck) answer.output += c;
      }
    });
    answer.exit_code = result.exit_code;
    answer.timed_out = result.timed_out;
    answer.output += result.error_output;
  } catch (const Stopped&) {
    answer.stopped = true;
  }
  return answer;
}

ControlPlane::ControlPlane(const World& world, const Cluster& cluster,
                           const DeploymentRecord& record, std::stop_token stop)
    : stop_(stop),
      kubectl_(cluster.settings.bin_dir + "/kubectl"),
      kubeconfig_(cluster.settings.config_dir + "/admin.conf"),
      patience_(cluster.settings.patience),
      links_(login_options(world, record, stop, patience_)) {
  find(record);
}

void ControlPlane::find(const DeploymentRecord& record) {
  std::string silent;
  for (const auto& node : record.nodes) {
    if (!is_master(node) || stop_.stop_requested()) continue;
    auto& link = links_.to(node.name, node.endpoint);
    try {
      link.facts();
    } catch (const Error& error) {
      silent += std::string(silent.empty() ? "" : "\n  ") + error.what();
      continue;
    }
    link_ = &link;
    node_ = node.name;
    return;
  }
  if (silent.empty()) {
    throw Error("'" + record.name + "' has no control-plane node that is set up")
        .hint("see how far it is: muster status " + record.name);
  }
  throw Error("no control-plane node of '" + record.name + "' can be worked on: " + silent)
      .hint("see its nodes: muster status " + record.name);
}

std::string ControlPlane::architecture() { return muster::architecture(link_->facts()); }

ScriptAnswer ControlPlane::run(const std::string& name_space, const std::vector<std::string>& words,
                               std::chrono::milliseconds deadline, bool can_stop) {
  auto script = "m_kubectl=" + shell_quote(kubectl_) +
                "\nm_kubeconfig=" + shell_quote(kubeconfig_) +
                "\nm_namespace=" + shell_quote(name_space) +
                "\nm_longer=" + std::to_string(patience_) + "\n" + case_script(words);
  try {
    return converse(*link_, script, deadline * patience_, can_stop ? stop_ : std::stop_token{});
  } catch (const ConnectionLost& lost) {
    link_->drop();
    return {1, false, false, "=> the connection to " + node_ + " was lost: " + lost.what()};
  } catch (const Error& error) {
    return {1, false, false, std::string("=> ") + error.what()};
  }
}

}  // namespace muster
