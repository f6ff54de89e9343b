#include "provisioner/run/node_link.h"

#include <algorithm>
#include <utility>

#include "provisioner/base/backoff.h"
#include "provisioner/base/clock.h"
#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/text.h"
#include "provisioner/pki/pki.h"
#include "provisioner/ssh/pinned_key.h"
#include "provisioner/tasks/answer.h"
#include "provisioner/tasks/store_script.h"

namespace muster {

namespace {

constexpr std::chrono::seconds kFactsDeadline{30};
constexpr std::chrono::seconds kStopDeadline{15};
/// One whose sshd turns us away is there.
constexpr std::chrono::seconds kCrowdPatience{30};
/// Firmware and all.
constexpr std::chrono::minutes kRebootPatience{3};
constexpr std::chrono::milliseconds kPause{200};
constexpr std::chrono::milliseconds kMostPause{5'000};

Secret key_file(const std::string& path) {
  std::string text;
  try {
    text = read_file(path);
  } catch (const Error& error) {
    throw KeyUnusable(error.what());
  }
  // An empty key means the user's own: not what a file that is empty was named for.
  if (trim(text).empty()) throw KeyUnusable("the private key file '" + path + "' is empty");
  return Secret(std::move(text));
}

double seconds_now() {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

/// With the key that opens this node.
SshOptions options_for(const Endpoint& endpoint, SshOptions options) {
  if (endpoint.identity == kUserIdentity) {
    options.private_key = {};
  } else if (!endpoint.identity.empty()) {
    options.private_key = key_file(endpoint.identity);
  }
  return options;
}

}  // namespace

NodeLink::NodeLink(std::string node, Endpoint endpoint, LinkOptions options, Uploads& uploads)
    : node_(std::move(node)),
      endpoint_(std::move(endpoint)),
      options_(std::move(options)),
      uploads_(uploads) {}

std::string NodeLink::shell() const { return endpoint_.user == "root" ? "sh" : "sudo -n sh"; }

Session& NodeLink::session() {
  reach();
  if (told_) return *session_;
  ask_facts();
  told_ = answered_ = true;
  return *session_;
}

void NodeLink::reach() {
  if (session_) return;
  if (!dead_.empty()) throw Error(dead_);
  told_ = false;
  connect();
}

void NodeLink::connect() {
  auto ssh = options_for(endpoint_, options_.ssh);
  ssh.bastions = &options_.resources->bastions;
  std::optional<Deadline> patience;
  std::optional<Deadline> patience_in_crowd;
  auto give_up = [this](const ConnectionLost& lost, const Deadline& deadline) {
    if (options_.stop.stop_requested()) throw Error(lost.what());
    if (!deadline.passed()) return;
    dead_ = "'" + node_ + "' does not answer: " + lost.what();
    throw Error(dead_);
  };
  for (Backoff backoff(kPause, kMostPause);; backoff.wait(options_.stop)) {
    try {
      auto turn = options_.resources->pacer.enter(options_.deployment);
      if (!patience) {
        patience.emplace(answered_ ? kRebootPatience : options_.patience);
        patience_in_crowd.emplace(answered_ ? kRebootPatience : kCrowdPatience);
      }
      auto began = std::chrono::steady_clock::now();
      session_ = std::make_unique<Session>(endpoint_, ssh);
      options_.resources->pacer.logged_in(std::chrono::duration_cast<std::chrono::milliseconds>(
          std::chrono::steady_clock::now() - began));
      // Trust on first use: the next connection must show the same.
      if (!endpoint_.has_key()) endpoint_.host_key = session_->host_key();
      return;
    } catch (const TurnedAway& lost) {
      options_.resources->pacer.turned_away();
      give_up(lost, *patience_in_crowd);
    } catch (const HostKeyChanged&) {
      is_stranger_ = endpoint_.bastion.empty();  // else it may be the bastion's
      throw;
    } catch (const ConnectionLost& lost) {
      give_up(lost, options_.resources->pacer.crowded() ? *patience_in_crowd : *patience);
    }
  }
}

Asked NodeLink::ask(const std::string& shell, const std::string& script, const std::string& nonce,
                    const std::function<void(const std::string&)>& on_answer) {
  Answer answer(nonce);
  auto result = session_->run(shell, script, kFactsDeadline, [&](std::string_view bytes) {
    answer.feed(bytes);
    if (on_answer) on_answer(answer.text());
  });
  Login login{node_, endpoint_.user, result.timed_out, answer.text(), result.error_output};
  return {answer.text(), answer.whole() && !result.timed_out, std::move(login)};
}

void NodeLink::ask_facts() {
  auto nonce = random_hex(16);
  auto asked = ask(shell(), facts_script(nonce), nonce);
  try {
    if (!asked.whole) throw no_facts(asked.login);
    facts_ = parse_facts(asked.text, nonce);
    check_shell(facts_, asked.login);
  } catch (const Error&) {
    session_.reset();
    throw;
  }
}

Login NodeLink::look_as(const std::string& shell, const PreflightQuestions& questions, Look& look) {
  const auto nonce = random_hex(16);
  look.asked = seconds_now();
  look.heard = 0;
  auto asked = ask(shell, preflight_script(nonce, questions), nonce, [&](const std::string& text) {
    bool ours = text.starts_with(nonce) && text.find('\n') != std::string::npos;
    if (ours && look.heard == 0) look.heard = seconds_now();
  });
  if (asked.login.timed_out) drop();
  if (!asked.whole) throw no_facts(asked.login);
  look.seen = parse_preflight(asked.text, nonce);
  return asked.login;
}

Look NodeLink::look(const PreflightQuestions& questions) {
  // Who is not let in does not lack sudo: only what follows can be for want of that.
  reach();
  Look look;
  try {
    const auto login = look_as(shell(), questions, look);
    check_shell(look.seen.facts, login);
    facts_ = look.seen.facts;
    told_ = answered_ = true;
    return look;
  } catch (const ConnectionLost&) {
    drop();
    throw;
  } catch (const Error& error) {
    if (endpoint_.user == "root") {
      drop();
      throw;
    }
    look.no_root = error.what();
  }
  try {
    reach();
    look_as("sh", questions, look);
  } catch (const ConnectionLost&) {
    // What is known of it is said.
  } catch (const Error&) {
    drop();
    throw;  // nothing runs there at all
  }
  drop();
  return look;
}

bool NodeLink::goes_to(const Endpoint& endpoint) const {
  return endpoint_.address == endpoint.address && endpoint_.port == endpoint.port &&
         endpoint_.user == endpoint.user && endpoint_.identity == endpoint.identity &&
         endpoint_.bastion == endpoint.bastion &&
         (endpoint.host_key.empty() || is_pinned_key(endpoint.host_key, endpoint_.host_key));
}

const Facts& NodeLink::facts() {
  session();
  return facts_;
}

void NodeLink::drop() { session_.reset(); }

void NodeLink::provide(const Artifact& artifact,
                       const std::function<void(const std::string&)>& note) {
  auto& has = facts();
  if (std::find(has.store.begin(), has.store.end(), artifact.sha256) != has.store.end()) return;
  uploads_.provide(
      {node_, shell(), [this]() -> Session& { return session(); }, [this] { drop(); }, note},
      artifact);
  facts_.store.push_back(artifact.sha256);
}

ScriptResult NodeLink::run(const CompiledScript& script, const std::string& nonce,
                           std::chrono::milliseconds deadline,
                           const std::function<void(const TaskReply&)>& on_reply) {
  ScriptResult result;
  ReplyParser parser(nonce, on_reply);
  result.remote = session().run(shell(), script.script, deadline,
                                [&](std::string_view bytes) { parser.feed(bytes); });
  if (result.remote.timed_out) stop_script_of(nonce);
  result.ended = parser.ended();
  result.running = parser.running();
  result.noise = parser.noise();
  return result;
}

RemoteResult NodeLink::run_plain(std::string_view script, std::chrono::milliseconds deadline,
                                 const std::function<void(std::string_view)>& on_output) {
  return session().run(shell(), script, deadline, on_output);
}

RemoteResult NodeLink::send(const std::string& script,
                            const std::function<std::string_view()>& more,
                            std::chrono::milliseconds deadline) {
  return session().send(from_stdin(shell(), script), script, more, deadline);
}

/// It would hold the node's lock for as long as it runs. That it cannot be ended is no news: the
/// step has timed out.
void NodeLink::stop_script_of(const std::string& nonce) {
  try {
    session().run(shell(), stop_script(nonce), kStopDeadline, nullptr);
  } catch (const Error&) {
    drop();
  }
}

NodeLink& NodeLinks::to(const std::string& node, const Endpoint& endpoint) {
  std::lock_guard lock(mutex_);
  auto& link = links_[node];
  if (!link) link = std::make_unique<NodeLink>(node, endpoint, options_, uploads_);
  return *link;
}

NodeLink& NodeLinks::anew(const std::string& node, const Endpoint& endpoint) {
  {
    std::lock_guard lock(mutex_);
    auto found = links_.find(node);
    if (found != links_.end() && found->second->goes_to(endpoint) && !found->second->is_silent()) {
      return *found->second;
    }
  }
  forget(node);
  return to(node, endpoint);
}

void NodeLinks::log_in_with(const Secret& key, int patience) {
  std::lock_guard lock(mutex_);
  options_.ssh.private_key = key;
  options_.patience = kFirstPatience * patience;
}

void NodeLinks::forget(const std::string& node) {
  std::lock_guard lock(mutex_);
  links_.erase(node);
}

}  // namespace muster
