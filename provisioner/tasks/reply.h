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
  std::string command;  ///< what a failed task ran last, when it ran something
  std::string output;   ///< of a failed or changed task, bounded by the script
};

/// Reads the stream a compiled script answers with, however it is cut into pieces. Bytes that do
/// not follow the nonce (banners, chatty profiles) are kept aside and never taken for a reply.
///
/// The frames, N being the nonce:
///   N start <index>\n
///   N done <index> <outcome> <exit> <ms> <command bytes> <output bytes>\n<command><output>
///   N end\n
/// A frame that does not fit what came before is taken for noise, so a stream that somebody else
/// wrote into has no end rather than a wrong one. At most 64 KiB of command and of output are kept
/// of a task, so that the parser's memory is bounded whatever the node sends.
class ReplyParser {
 public:
  ReplyParser(std::string nonce, std::function<void(const TaskReply&)> on_reply);

  void feed(std::string_view bytes);

  /// The script said that it reached its end, and all tasks that it began have answered.
  bool ended() const { return ended_; }
  /// The last 4 KiB of what was not ours.
  const std::string& noise() const { return noise_; }
  /// How many bytes it holds now.
  std::size_t held() const { return buffer_.size() + noise_.size(); }
  /// The index of the task that the node began and has not answered for.
  std::optional<int> running() const { return running_; }

 private:
  void parse();
  bool parse_frame();
  bool take_done(std::string_view line, std::size_t body);
  void keep_noise(std::string_view bytes);

  std::string nonce_;
  std::function<void(const TaskReply&)> on_reply_;
  std::string buffer_;
  std::string noise_;
  std::optional<int> running_;
  bool ended_ = false;
};

}  // namespace muster
