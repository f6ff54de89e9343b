#include "provisioner/engine/node_link.h"

#include <algorithm>
#include <utility>

#include "provisioner/base/backoff.h"
#include "provisioner/base/clock.h"
#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/pki/pki.h"

namespace muster {

namespace {

constexpr std::chrono::seconds kFactsDeadline{30};
constexpr std::chrono::minutes kUploadDeadline{30};
/// A node that has just booted may refuse for a moment.
constexpr std::chrono::seconds kFirstPatience{10};
/// Firmware and all.
constexpr std::chrono::minutes kRebootPatience{3};
constexpr std::chrono::milliseconds kPause{200};
constexpr std::chrono::milliseconds kMostPause{5'000};

}  // namespace

NodeLink::NodeLink(std::string node, Endpoint endpoint, SshOptions options, std::stop_token stop)
    : node_(std::move(node)),
      endpoint_(std::move(endpoint)),
      options_(std::move(options)),
      stop_(std::move(stop)) {}

std::string NodeLink::shell() const { return endpoint_.user == "root" ? "sh" : "sudo -n sh"; }

Session& NodeLink::session() {
  if (session_) return *session_;
  if (!dead_.empty()) throw Error(dead_);
  connect();
  ask_facts();
  answered_ = true;
  return *session_;
}

void NodeLink::connect() {
  Deadline patience(answered_ ? kRebootPatience : kFirstPatience);
  Backoff backoff(kPause, kMostPause);
  for (;;) {
    try {
      session_ = std::make_unique<Session>(endpoint_, options_);
      return;
    } catch (const ConnectionLost& lost) {
      if (stop_.stop_requested()) throw Error(lost.what());
      if (patience.passed()) {
        dead_ = "'" + node_ + "' does not answer: " + lost.what();
        throw Error(dead_);
      }
    }
    backoff.wait(stop_);
  }
}

void NodeLink::ask_facts() {
  auto nonce = random_hex(16);
  std::string answer;
  auto result = session_->run(shell(), facts_script(nonce), kFactsDeadline,
                              [&](std::string_view bytes) { answer += bytes; });
  if (result.exit_code != 0 || result.timed_out) {
    session_.reset();
    auto error = Error("'" + node_ + "' does not run scripts for " + endpoint_.user + ": " +
                       trim(result.error_output));
    if (endpoint_.user != "root") {
      error.hint("the user needs sudo without a password (sudo -n)");
    }
    throw error;
  }
  facts_ = parse_facts(answer, nonce);
}

const Facts& NodeLink::facts() {
  session();
  return facts_;
}

void NodeLink::drop() { session_.reset(); }

void NodeLink::provide(const Artifact& artifact) {
  auto& has = facts();
  if (std::find(has.store.begin(), has.store.end(), artifact.sha256) != has.store.end()) return;
  std::string target = std::string(kNodeStore) + "/" + artifact.sha256;
  std::string part = target + ".part";
  std::string command = "mkdir -p " + std::string(kNodeStore) + " && cat > " + part + " && echo '" +
                        artifact.sha256 + "  " + part +
                        "' | sha256sum -c - >/dev/null && chmod 0755 " + part + " && mv " + part +
                        " " + target;
  auto result =
      session().send_file(artifact.file, shell() + " -c " + shell_quote(command), kUploadDeadline);
  if (result.exit_code != 0 || result.timed_out) {
    throw Error("cannot copy '" + artifact.name + "' to '" + node_ +
                "': " + trim(result.error_output));
  }
  facts_.store.push_back(artifact.sha256);
}

ScriptResult NodeLink::run(const CompiledScript& script, const std::string& nonce,
                           std::chrono::milliseconds deadline,
                           const std::function<void(const TaskReply&)>& on_reply) {
  ScriptResult result;
  ReplyParser parser(nonce, on_reply);
  result.remote = session().run(shell(), script.script, deadline,
                                [&](std::string_view bytes) { parser.feed(bytes); });
  result.ended = parser.ended();
  result.running = parser.running();
  result.noise = parser.noise();
  return result;
}

NodeLink& NodeLinks::to(const std::string& node, const Endpoint& endpoint) {
  std::lock_guard lock(mutex_);
  auto& link = links_[node];
  if (!link) link = std::make_unique<NodeLink>(node, endpoint, options_, stop_);
  return *link;
}

void NodeLinks::forget(const std::string& node) {
  std::lock_guard lock(mutex_);
  links_.erase(node);
}

}  // namespace muster
