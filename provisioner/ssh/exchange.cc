#include "provisioner/ssh/exchange.h"

#include <algorithm>
#include <array>
#include <utility>

namespace muster {

namespace {

constexpr std::size_t kErrorOutputLimit = 16 << 10;
constexpr std::size_t kPiece = 128 << 10;
/// As timeout(1) has it.
constexpr int kTimedOutCode = 124;
/// A program left in the background can hold the channel open after the command has ended; this
/// much silence is taken for the end of the output.
constexpr std::chrono::seconds kDrain{2};

/// RFC 4254, 6.10: signals travel by name. The numbers are those of Linux on every architecture.
int signal_number(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, int>, 13> kSignals{{{"HUP", 1},
                                                                       {"INT", 2},
                                                                       {"QUIT", 3},
                                                                       {"ILL", 4},
                                                                       {"ABRT", 6},
                                                                       {"FPE", 8},
                                                                       {"KILL", 9},
                                                                       {"USR1", 10},
                                                                       {"SEGV", 11},
                                                                       {"USR2", 12},
                                                                       {"PIPE", 13},
                                                                       {"ALRM", 14},
                                                                       {"TERM", 15}}};
  for (const auto& [known, number] : kSignals) {
    if (known == name) return number;
  }
  return 127;
}

void keep_last(std::string& text, std::size_t limit) {
  if (text.size() > limit) text.erase(0, text.size() - limit);
}

}  // namespace

Exchange::Exchange(Link& link, std::function<void(std::string_view)> on_output)
    : link_(link), on_output_(std::move(on_output)), channel_(link.take_channel()) {
  listen_to_channel();
}

Exchange::~Exchange() { leave_channel(); }

void Exchange::leave_channel() {
  // libssh keeps the channel until the peer has closed it too.
  ssh_remove_channel_callbacks(channel_, &callbacks_);
  ssh_channel_free(channel_);
}

void Exchange::renew_channel() {
  leave_channel();
  channel_ = link_.take_channel();
  listen_to_channel();
}

void Exchange::listen_to_channel() {
  callbacks_.userdata = this;
  callbacks_.channel_data_function = [](ssh_session, ssh_channel, void* data, std::uint32_t size,
                                        int is_error, void* self) {
    static_cast<Exchange*>(self)->take({static_cast<char*>(data), size}, is_error != 0);
    return static_cast<int>(size);
  };
  callbacks_.channel_close_function = [](ssh_session, ssh_channel, void* self) {
    static_cast<Exchange*>(self)->closed_ = true;
  };
  callbacks_.channel_exit_status_function = [](ssh_session, ssh_channel, int code, void* self) {
    static_cast<Exchange*>(self)->exit_code_ = code;
    static_cast<Exchange*>(self)->last_sign_ = Clock::now();
  };
  callbacks_.channel_exit_signal_function = [](ssh_session, ssh_channel, const char* name, int,
                                               const char*, const char*, void* self) {
    static_cast<Exchange*>(self)->exit_code_ = 128 + signal_number(name);
    static_cast<Exchange*>(self)->last_sign_ = Clock::now();
  };
  ssh_callbacks_init(&callbacks_);
  ssh_add_channel_callbacks(channel_, &callbacks_);
}

void Exchange::take(std::string_view bytes, bool is_error) {
  last_sign_ = Clock::now();
  if (is_error) {
    error_output_ += bytes;
    if (error_output_.size() > 4 * kErrorOutputLimit) keep_last(error_output_, kErrorOutputLimit);
    return;
  }
  if (thrown_ || !on_output_) return;
  try {
    on_output_(bytes);
  } catch (...) {
    thrown_ = std::current_exception();
  }
}

RemoteResult Exchange::run(const std::string& command, Input input,
                           std::chrono::milliseconds deadline) {
  Deadline until(deadline);
  link_.wake();
  if (open(until)) converse(command, input, until);
  if (timed_out_) give_up();
  if (!timed_out_ && !exit_code_) {
    throw ConnectionLost("'" + link_.name() + "' ended a command without saying how it ended");
  }
  keep_last(error_output_, kErrorOutputLimit);
  return {timed_out_ ? kTimedOutCode : *exit_code_, timed_out_, std::move(error_output_)};
}

bool Exchange::open(const Deadline& deadline) {
  auto ask = [&] { return ssh_channel_open_session(channel_); };
  // While this command waits for its channel or runs, the one after it gets one.
  link_.open_spare();
  int result = link_.finish(ask, deadline);
  if (result == SSH_ERROR && !link_.broken()) {
    // One that was asked for ahead may have been refused because two are too many.
    link_.refuse_spares();
    renew_channel();
    result = link_.finish(ask, deadline);
  }
  timed_out_ = result == SSH_AGAIN;
  if (result == SSH_ERROR) refused();
  return result == SSH_OK;
}

void Exchange::refused() {
  if (link_.broken()) throw link_.lost();
  throw Error("'" + link_.name() + "' does not run commands: " + ssh_get_error(link_.session()));
}

/// The command's input goes out behind it, without waiting for the node to say that it runs.
void Exchange::ask(const std::string& command) {
  if (accepted_) return;
  int result = ssh_channel_request_exec(channel_, command.c_str());
  accepted_ = result == SSH_OK;
  if (result == SSH_ERROR) refused();
}

void Exchange::converse(const std::string& command, Input& input, const Deadline& deadline) {
  for (;;) {
    ask(command);
    if (done()) break;
    feed(input);
    if (thrown_) std::rethrow_exception(thrown_);
    timed_out_ = deadline.passed();
    if (timed_out_) return;
    try {
      link_.wait(Deadline(exit_code_ ? std::min<std::chrono::milliseconds>(deadline.left(), kDrain)
                                     : deadline.left()));
    } catch (const ConnectionLost&) {
      if (!exit_code_) throw;
      break;  // a command like "reboot": how it ended is known
    }
  }
  if (thrown_) std::rethrow_exception(thrown_);
}

bool Exchange::done() const {
  return closed_ || (exit_code_ && Clock::now() - last_sign_ >= kDrain);
}

void Exchange::feed(Input& input) {
  // What is written waits in libssh's memory until the network takes it: one piece at a time.
  if (end_of_input_ || (ssh_get_status(link_.session()) & SSH_WRITE_PENDING) != 0) return;
  if (input.ready.empty() && input.more) input.ready = input.more();
  if (input.ready.empty()) {
    end_of_input_ = true;
    ssh_channel_send_eof(channel_);
    return;
  }
  auto size = std::min<std::size_t>(
      {input.ready.size(), kPiece, std::size_t{ssh_channel_window_size(channel_)}});
  if (size == 0) return;
  int written = ssh_channel_write(channel_, input.ready.data(), static_cast<std::uint32_t>(size));
  if (written < 0) {
    if (link_.broken()) throw link_.lost();
    end_of_input_ = true;  // the command ended without reading the rest
    return;
  }
  input.ready.remove_prefix(static_cast<std::size_t>(written));
}

void Exchange::give_up() {
  // Asks sshd to end the command (not all do); closing alone leaves it running.
  ssh_channel_request_send_signal(channel_, "TERM");
  ssh_channel_close(channel_);
}

}  // namespace muster
