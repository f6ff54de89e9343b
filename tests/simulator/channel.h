#pragma once

#include <libssh/callbacks.h>
#include <libssh/libssh.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tests/simulator/world.h"

namespace muster::simulator {

/// One command of a session: reads its stdin to the end, and then answers it.
class Channel : public std::enable_shared_from_this<Channel> {
 public:
  /// `wrote` is called when something waits to be sent outside the session's own turn.
  Channel(World& world, SimulatedNode& node, std::function<void()> wrote);

  /// The libssh channel; null when there can be none. The session frees it.
  ssh_channel open(ssh_session session);
  /// Sends what the peer's window takes; true when something was sent.
  bool flush();
  bool closed() const { return closed_; }
  /// Before the session goes on without it.
  void free();

 private:
  void listen();
  void answer();
  void count(const Script& script);
  void answer_canned(const Script& script);
  void next_frame(std::shared_ptr<std::vector<CannedFrame>> frames, std::size_t at);
  void run_shell(const Script& script);
  void shell_ended(int status, Loop::Clock::duration took);
  void say(std::string_view bytes) { output_ += bytes; }
  void end(int code) { exit_code_ = code; }
  double slowness() const;
  bool send(std::string& bytes, bool is_error);
  void send_end();

  World& world_;
  SimulatedNode& node_;
  std::function<void()> wrote_;
  ssh_channel handle_ = nullptr;
  ssh_channel_callbacks_struct callbacks_{};
  std::string command_;
  std::string input_;
  std::string output_;  ///< what the peer has no room for yet
  std::string error_output_;
  std::optional<int> exit_code_;
  const char* exit_signal_ = nullptr;
  bool ended_ = false;
  bool closed_ = false;
  std::shared_ptr<ShellRun> shell_;
};

}  // namespace muster::simulator
