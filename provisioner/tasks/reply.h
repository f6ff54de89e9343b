#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace muster {

/// What came of one task on one node, as the node reported it.
struct TaskReply {
  int index = 0;        ///< in CompiledScript::task_names
  std::string outcome;  ///< "changed", "unchanged", "failed"
  int exit_code = 0;    ///< of a failed task
  long ms = 0;
  std::string output;  ///< of a failed or changed task, bounded by the script
};

/// Reads the stream a compiled script answers with, however it is cut into pieces. Lines that do
/// not carry the nonce (banners, chatty profiles) are kept aside and never taken for a reply.
class ReplyParser {
 public:
  ReplyParser(std::string nonce, std::function<void(const TaskReply&)> on_reply);

  void feed(std::string_view bytes);

  /// The script said that it reached its end.
  bool ended() const { return ended_; }
  /// The last 4 KiB of what was not ours.
  const std::string& noise() const { return noise_; }
  /// The index of the task that the node began and has not answered for.
  std::optional<int> running() const { return running_; }

 private:
  void parse();
  void keep_noise(std::string_view bytes);

  std::string nonce_;
  std::function<void(const TaskReply&)> on_reply_;
  std::string buffer_;
  std::string noise_;
  std::optional<int> running_;
  bool ended_ = false;
};

}  // namespace muster
