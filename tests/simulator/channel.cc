#include "tests/simulator/channel.h"

#include <libssh/server.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "provisioner/base/text.h"

namespace muster::simulator {

namespace {

/// No script of muster's comes near; one that does is cut and answered as what it is not.
constexpr std::size_t kMostInput = 64 << 20;
/// Of an upload, what names the file is all that is read.
constexpr std::size_t kMostUploadHead = 4 << 10;
/// What a script may say that nobody reads before it has to wait.
constexpr std::size_t kMostWaiting = 256 << 10;
/// As a shell says that it cannot run something.
constexpr int kUnread = 126;
constexpr std::size_t kChannelPiece = 32 << 10;

Channel& channel_of(void* self) { return *static_cast<Channel*>(self); }

const char* signal_name(int number) {
  const char* name = ::sigabbrev_np(number);
  return name != nullptr ? name : "KILL";
}

std::string variable(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return std::string(name) + "=" + (value != nullptr ? value : otherwise);
}

}  // namespace

Channel::Channel(World& world, SimulatedNode& node, std::function<void()> wrote)
    : world_(world), node_(node), wrote_(std::move(wrote)) {}

ssh_channel Channel::open(ssh_session session) {
  handle_ = ssh_channel_new(session);
  if (handle_ != nullptr) listen();
  return handle_;
}

void Channel::listen() {
  callbacks_.userdata = this;
  callbacks_.channel_exec_request_function = [](ssh_session, ssh_channel, const char* command,
                                                void* self) {
    channel_of(self).command_ = command;
    return 0;
  };
  callbacks_.channel_data_function = [](ssh_session, ssh_channel, void* bytes, std::uint32_t size,
                                        int, void* self) {
    auto& channel = channel_of(self);
    bool whole = runs_script(channel.command_);
    if (channel.input_.size() < (whole ? kMostInput : kMostUploadHead)) {
      channel.input_.append(static_cast<char*>(bytes), size);
    }
    return static_cast<int>(size);
  };
  callbacks_.channel_eof_function = [](ssh_session, ssh_channel, void* self) {
    channel_of(self).answer();
  };
  callbacks_.channel_close_function = [](ssh_session, ssh_channel, void* self) {
    channel_of(self).closed_ = true;
  };
  ssh_callbacks_init(&callbacks_);
  ssh_set_channel_callbacks(handle_, &callbacks_);
}

void Channel::answer() {
  if (!runs_script(command_)) {
    ++world_.counters.other_commands;
    if (auto sha256 = stored_file(input_); !sha256.empty()) node_.store.insert(sha256);
    input_ = {};
    end(0);
    return;
  }
  auto script = read_script(input_);
  count(script);
  world_.counters.tasks += script.calls.size();
  if (world_.options.answer == Answer::sh) {
    run_shell(script);
  } else {
    answer_canned(script);
  }
  input_ = {};
}

void Channel::count(const Script& script) {
  auto& counters = world_.counters;
  switch (script.kind) {
    case Script::Kind::facts:
      ++counters.facts;
      break;
    case Script::Kind::store:
      ++counters.other_commands;
      break;
    case Script::Kind::role:
    case Script::Kind::stop:
    case Script::Kind::other:
      ++counters.scripts;
      break;
  }
}

double Channel::slowness() const { return node_.slow ? world_.options.slow_factor : 1; }

void Channel::answer_canned(const Script& script) {
  if (script.kind == Script::Kind::facts) say(canned_facts(script, node_));
  if (script.kind == Script::Kind::store) say(canned_store(script, node_));
  if (script.kind == Script::Kind::other) {
    error_output_ += "the simulator cannot read this script: see tests/simulator/canned.cc\n";
  }
  if (script.kind != Script::Kind::role) {
    end(script.kind == Script::Kind::other ? kUnread : 0);
    return;
  }
  auto task_ms =
      static_cast<long>(static_cast<double>(world_.options.task_time.count()) * slowness());
  auto frames = std::make_shared<std::vector<CannedFrame>>(canned_frames(script, node_, task_ms));
  frames->push_back({script.nonce + " end\n", ""});
  next_frame(std::move(frames), 0);
}

void Channel::next_frame(std::shared_ptr<std::vector<CannedFrame>> frames, std::size_t at) {
  auto time =
      std::chrono::duration_cast<Loop::Clock::duration>(world_.options.task_time * slowness());
  for (; at + 1 < frames->size(); ++at) {
    say((*frames)[at].start);
    if (time.count() > 0) {
      world_.loop.after(time, [weak = weak_from_this(), frames, at] {
        auto self = weak.lock();
        if (!self || self->closed_) return;
        self->say((*frames)[at].done);
        self->next_frame(frames, at + 1);
        self->wrote_();
      });
      return;
    }
    say((*frames)[at].done);
  }
  say(frames->back().start);
  end(0);
}

void Channel::run_shell(const Script& script) {
  auto folder = world_.folder_of(node_);
  ShellScript run{moved_script(input_, script, folder),
                  folder,
                  {"HOME=" + folder, "TMPDIR=" + folder + "/run", variable("PATH", "/usr/bin:/bin"),
                   "SIMULATED_NODE=" + std::to_string(node_.index), "SHELL=/bin/sh"}};
  ShellListener listener;
  auto self = weak_from_this();
  listener.on_output = [self](std::string_view bytes, bool is_error) {
    auto channel = self.lock();
    if (!channel) return false;
    (is_error ? channel->error_output_ : channel->output_) += bytes;
    channel->wrote_();
    return channel->output_.size() + channel->error_output_.size() < kMostWaiting;
  };
  auto began = Loop::Clock::now();
  listener.on_end = [self, began](int status) {
    if (auto channel = self.lock()) channel->shell_ended(status, Loop::Clock::now() - began);
  };
  shell_ = world_.shells.submit(std::move(run), std::move(listener));
}

void Channel::shell_ended(int status, Loop::Clock::duration took) {
  auto late = std::chrono::duration_cast<Loop::Clock::duration>(took * (slowness() - 1));
  world_.loop.after(late, [weak = weak_from_this(), status] {
    auto self = weak.lock();
    if (!self || self->closed_) return;
    self->exit_signal_ =
        WIFSIGNALED(status) && status >= 0 ? signal_name(WTERMSIG(status)) : nullptr;
    self->end(status < 0 ? 127 : WEXITSTATUS(status));
    self->wrote_();
  });
}

bool Channel::send(std::string& bytes, bool is_error) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    auto size = std::min(
        {bytes.size() - sent, kChannelPiece, std::size_t{ssh_channel_window_size(handle_)}});
    if (size == 0) break;
    auto write = is_error ? ssh_channel_write_stderr : ssh_channel_write;
    int written = write(handle_, bytes.data() + sent, static_cast<std::uint32_t>(size));
    if (written <= 0) break;
    sent += static_cast<std::size_t>(written);
  }
  bytes.erase(0, sent);
  return sent > 0;
}

bool Channel::flush() {
  if (ended_ || closed_) return false;
  bool sent = send(error_output_, true);
  sent |= send(output_, false);
  if (!output_.empty() || !error_output_.empty()) return sent;
  if (sent && shell_) shell_->resume();
  if (!exit_code_ || !output_.empty() || !error_output_.empty()) return sent;
  send_end();
  return true;
}

void Channel::send_end() {
  ended_ = true;
  if (exit_signal_ != nullptr) {
    ssh_channel_request_send_exit_signal(handle_, exit_signal_, 0, "", "");
  } else {
    ssh_channel_request_send_exit_status(handle_, *exit_code_);
  }
  ssh_channel_send_eof(handle_);
  ssh_channel_close(handle_);
  world_.counters.work_us += World::lap_us(node_);
}

void Channel::free() {
  shell_.reset();
  ssh_remove_channel_callbacks(handle_, &callbacks_);
  ssh_channel_free(handle_);
}

}  // namespace muster::simulator
