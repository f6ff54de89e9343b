#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "provisioner/artifacts/artifacts.h"
#include "provisioner/ssh/session.h"
#include "provisioner/tasks/compile.h"
#include "provisioner/tasks/facts.h"
#include "provisioner/tasks/reply.h"

namespace muster {

/// What came of running one compiled script on a node.
struct ScriptResult {
  bool ended = false;  ///< the script reached its end; tasks have all answered
  RemoteResult remote;
  std::optional<int> running;  ///< the task that had begun and not answered
  std::string noise;           ///< the last of what was not a reply
};

/// Our line to one node: connects when first needed, keeps the session and the node's facts for
/// the run, and makes them anew when the connection was lost: a node that has answered before may
/// be rebooting, and is waited for. One that did not answer is not asked again in this run. Used by
/// one thread at a time.
class NodeLink {
 public:
  /// `stop` ends the waiting.
  NodeLink(std::string node, Endpoint endpoint, SshOptions options, std::stop_token stop);

  /// What the node said of itself when we connected. Connects when needed.
  const Facts& facts();

  /// Puts the artifact into the node's store unless it is there.
  void provide(const Artifact& artifact);

  /// Streams the script to sh. Throws ConnectionLost when the line broke: the script is
  /// idempotent, so run it again.
  ScriptResult run(const CompiledScript& script, const std::string& nonce,
                   std::chrono::milliseconds deadline,
                   const std::function<void(const TaskReply&)>& on_reply);

  /// Forgets the session: the next use connects anew.
  void drop();

 private:
  Session& session();
  void connect();
  void ask_facts();
  std::string shell() const;

  std::string node_;
  Endpoint endpoint_;
  SshOptions options_;
  std::stop_token stop_;
  std::unique_ptr<Session> session_;
  Facts facts_;
  bool answered_ = false;  ///< in this run
  std::string dead_;       ///< why it is not asked any more
};

/// The links of a run, by node. Safe from several threads; each link is for one at a time.
class NodeLinks {
 public:
  NodeLinks(SshOptions options, std::stop_token stop)
      : options_(std::move(options)), stop_(std::move(stop)) {}

  NodeLink& to(const std::string& node, const Endpoint& endpoint);
  void forget(const std::string& node);

 private:
  SshOptions options_;
  std::stop_token stop_;
  std::mutex mutex_;  ///< guards links_
  std::map<std::string, std::unique_ptr<NodeLink>> links_;
};

}  // namespace muster
