#include "provisioner/operations/etcd_nodes.h"

#include <deque>
#include <utility>

#include "provisioner/base/error.h"
#include "provisioner/base/fibers.h"
#include "provisioner/base/resources.h"
#include "provisioner/base/sha256.h"
#include "provisioner/base/text.h"
#include "provisioner/run/access.h"

namespace muster {

namespace {

constexpr const char* kFunctions = "provisioner/operations/etcd.sh";
constexpr std::chrono::seconds kDeadline{120};
constexpr std::size_t kMostOutput = 1 << 20;  // nodes may say anything
constexpr std::size_t kIdLength = 16;

/// One question on its way to one node.
struct Question {
  std::string node;
  std::string script;
  NodeLink* link = nullptr;
  EtcdAnswer answer;
  Signal done;

  void ask() {
    try {
      auto result = link->run_plain(script, kDeadline, [this](std::string_view bytes) {
        if (answer.output.size() < kMostOutput) answer.output += bytes;
      });
      if (result.timed_out || result.exit_code != 0) answer.silent = words_of(result);
    } catch (const std::exception& error) {
      answer.silent = error.what();
    }
    link->drop();  // on the thread that made it
    done.notify();
  }
};

}  // namespace

std::string etcd_script(const Cluster& cluster, const std::string& node,
                        const std::vector<std::string>& words, bool takes_input) {
  auto functions = find_resource(kFunctions);
  if (!functions) bug("the functions for etcd are not in the binary");
  auto script = "m_name=" + shell_quote(node) +
                "\nm_programs=" + shell_quote(cluster.settings.bin_dir) +
                "\nm_kubectl=" + shell_quote(cluster.settings.bin_dir + "/kubectl") +
                "\nm_kubeconfig=" + shell_quote(cluster.settings.config_dir + "/admin.conf") +
                "\nm_patience=" + std::to_string(kEtcdPatience.count()) + "\n" +
                std::string(*functions) + "\nm_case";
  for (const auto& word : words) script += " " + shell_quote(word);
  return script + (takes_input ? "\n" : " </dev/null\n");
}

std::string words_of(const RemoteResult& result) {
  auto said = trim(result.error_output);
  if (result.timed_out) return said.empty() ? "not done in time" : said + "; not done in time";
  return said.empty() ? "exit code " + std::to_string(result.exit_code) : said;
}

std::map<std::string, EtcdAnswer> ask_nodes(const World& world, const Cluster& cluster,
                                            const DeploymentRecord& record,
                                            const std::vector<std::string>& nodes,
                                            const std::vector<std::string>& words,
                                            std::stop_token stop) {
  NodeLinks links(login_options(world, record, std::move(stop)));
  std::deque<Question> questions;
  for (const auto& name : nodes) {
    const auto* node = record.find(name);
    if (node == nullptr) continue;
    auto& question = questions.emplace_back();
    question.node = name;
    question.script = etcd_script(cluster, name, words);
    question.link = &links.to(name, node->endpoint);
    world.resources->fibers.start(questions.size(), [&question] { question.ask(); });
  }
  std::map<std::string, EtcdAnswer> answers;
  for (auto& question : questions) {
    question.done.wait();
    answers[question.node] = std::move(question.answer);
  }
  return answers;
}

std::vector<MemberState> ask_members(const World& world, const Cluster& cluster,
                                     const DeploymentRecord& record, std::stop_token stop) {
  const auto layout = etcd_layout(record);
  if (layout.members.empty()) {
    throw Error("'" + record.name + "' has no etcd that was set up", ExitCode::usage)
        .hint("see its nodes: muster status " + record.name);
  }
  auto answers = ask_nodes(world, cluster, record, layout.members, {"member"}, std::move(stop));
  std::vector<MemberState> states;
  for (const auto& name : layout.members) {
    const auto& answer = answers[name];
    states.push_back(parse_member(name, answer.silent.empty() ? answer.output : ""));
    states.back().silent = answer.silent;
  }
  return states;
}

std::string encryption_key_id(Store& store, const std::string& deployment) {
  auto key = store.secret(deployment_scope(deployment), "pki/encryption/random");
  if (!key) return "";
  return sha256("muster etcd snapshot\n" + key->reveal()).substr(0, kIdLength);
}

}  // namespace muster
