#pragma once

#include <exception>
#include <optional>

#include "provisioner/ssh/link.h"

namespace muster {

/// What a command gets on its stdin: the bytes that are ready, then what `more` returns until
/// that is empty.
struct Input {
  std::string_view ready;
  std::function<std::string_view()> more;
};

/// One remote command on a channel of its own: its input is written while its output is read.
class Exchange {
 public:
  Exchange(Link& link, std::function<void(std::string_view)> on_output);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  /// Once. Throws ConnectionLost, and what on_output throws.
  RemoteResult run(const std::string& command, Input input, std::chrono::milliseconds deadline);

 private:
  using Clock = std::chrono::steady_clock;

  bool open(const Deadline& deadline);
  void ask(const std::string& command);
  [[noreturn]] void refused();
  void converse(const std::string& command, Input& input, const Deadline& deadline);
  void feed(Input& input);
  void give_up();
  void take(std::string_view bytes, bool is_error);
  bool done() const;
  void listen_to_channel();
  void leave_channel();
  void renew_channel();

  Link& link_;
  std::function<void(std::string_view)> on_output_;
  ssh_channel channel_ = nullptr;
  ssh_channel_callbacks_struct callbacks_{};
  bool accepted_ = false;  ///< the node said that it runs the command
  bool end_of_input_ = false;
  bool closed_ = false;
  bool timed_out_ = false;
  std::optional<int> exit_code_;
  Clock::time_point last_sign_;  ///< of the command: output or its end
  std::string error_output_;
  std::exception_ptr thrown_;  ///< by on_output; may not pass through libssh
};

}  // namespace muster
