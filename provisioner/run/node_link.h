#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "provisioner/artifacts/artifacts.h"
#include "provisioner/run/run_resources.h"
#include "provisioner/run/upload.h"
#include "provisioner/ssh/session.h"
#include "provisioner/tasks/compile.h"
#include "provisioner/tasks/facts.h"
#include "provisioner/tasks/preflight.h"
#include "provisioner/tasks/reply.h"

namespace muster {

/// What came of running one compiled script on a node.
struct ScriptResult {
  bool ended = false;  ///< the script reached its end; tasks have all answered
  RemoteResult remote;
  std::optional<int> running;  ///< the task that had begun and not answered
  std::string noise;           ///< the last of what was not a reply
};

/// A node that has just booted may refuse for a moment.
inline constexpr std::chrono::seconds kFirstPatience{10};

/// What all links of a run have in common.
struct LinkOptions {
  SshOptions ssh;                     ///< to log in with muster's own key
  std::string deployment;             ///< for its turn at the resources
  RunResources* resources = nullptr;  ///< not owned
  std::stop_token stop;               ///< ends the waiting for nodes that do not answer
  std::chrono::milliseconds patience = kFirstPatience;  ///< with one that has never answered

  void wait_longer(int factor) {
    patience *= factor;
    ssh.connect_deadline *= factor;
  }
};

/// What a node answered to a script that says what it found, whole or not.
struct Asked {
  std::string text;
  bool whole = false;
  Login login;
};

/// Our line to one node: connects when first needed, keeps the session and the node's facts for
/// the run, and makes them anew when the connection was lost: a node that has answered before may
/// be rebooting, and is waited for. One that did not answer is not asked again in this run. Used by
/// one thread at a time.
class NodeLink {
 public:
  /// `uploads` is all links' of a run, and outlives them.
  NodeLink(std::string node, Endpoint endpoint, LinkOptions options, Uploads& uploads);

  /// What the node showed when we connected; empty before.
  std::string host_key() const { return session_ ? session_->host_key() : ""; }

  /// Connects and logs in, unless that is done. Throws Error when the node does not answer.
  void reach();
  /// It did not answer, and is not asked again in this run.
  bool is_silent() const { return !dead_.empty(); }
  /// Nothing can be done on it from here: it is silent, or another machine has its address.
  bool is_out_of_reach() const { return is_silent() || is_stranger_; }

  /// What the node said of itself when we connected. Connects when needed.
  const Facts& facts();

  /// Connects and asks the questions, and for the facts in the same exchange. Throws Error when the
  /// node does not answer, or runs no scripts at all.
  Look look(const PreflightQuestions& questions);

  /// It is a line to that endpoint.
  bool goes_to(const Endpoint& endpoint) const;

  /// Puts the artifact into the node's store unless it is there. `note` takes lines on what goes
  /// on. Throws Error, and ConnectionLost when trying again may help.
  void provide(const Artifact& artifact, const std::function<void(const std::string&)>& note = {});

  /// Streams the script to sh, and ends it on the node when the deadline passes. Throws
  /// ConnectionLost when the line broke: the script is idempotent, so run it again.
  ScriptResult run(const CompiledScript& script, const std::string& nonce,
                   std::chrono::milliseconds deadline,
                   const std::function<void(const TaskReply&)>& on_reply);

  /// Streams a script that makes no replies to root's sh; its stdout goes to `on_output`, which may
  /// throw to give it up. Throws ConnectionLost when the line broke.
  RemoteResult run_plain(std::string_view script, std::chrono::milliseconds deadline,
                         const std::function<void(std::string_view)>& on_output);

  /// Runs such a script with what `more` returns, until that is empty, on its stdin.
  RemoteResult send(const std::string& script, const std::function<std::string_view()>& more,
                    std::chrono::milliseconds deadline);

  /// Forgets the session: the next use connects anew.
  void drop();

 private:
  Session& session();
  void connect();
  void ask_facts();
  Asked ask(const std::string& shell, const std::string& script, const std::string& nonce,
            const std::function<void(const std::string&)>& on_answer = {});
  /// What one exchange with that shell tells. Throws Error when it runs no scripts.
  Login look_as(const std::string& shell, const PreflightQuestions& questions, Look& look);
  void stop_script_of(const std::string& nonce);
  std::string shell() const;

  std::string node_;
  Endpoint endpoint_;
  LinkOptions options_;
  Uploads& uploads_;
  std::unique_ptr<Session> session_;
  Facts facts_;
  bool told_ = false;         ///< facts_ are of this session
  bool answered_ = false;     ///< in this run
  std::string dead_;          ///< why it is not asked any more
  bool is_stranger_ = false;  ///< what answered had another host key
};

/// The links of a run, by node. Safe from several threads; each link is for one at a time.
class NodeLinks {
 public:
  explicit NodeLinks(LinkOptions options)
      : options_(std::move(options)), uploads_(*options_.resources, options_.deployment) {}

  NodeLink& to(const std::string& node, const Endpoint& endpoint);
  /// The same; the one that is there is kept when it goes to that endpoint and the node has not
  /// been silent.
  NodeLink& anew(const std::string& node, const Endpoint& endpoint);
  /// For links that are made from now on, which are those of a run: nodes may be slow to answer.
  void log_in_with(const Secret& key, int patience);
  void forget(const std::string& node);

 private:
  LinkOptions options_;
  Uploads uploads_;
  std::mutex mutex_;  ///< guards links_
  std::map<std::string, std::unique_ptr<NodeLink>> links_;
};

}  // namespace muster
