#include "tests/simulator/shell.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace muster::simulator {

namespace {

/// The script as a file to read from; one that a memfd_create() names is gone with its last user.
int script_file(const std::string& text) {
  int fd = ::memfd_create("script", MFD_CLOEXEC);
  for (std::size_t done = 0; fd >= 0 && done < text.size();) {
    auto written = ::write(fd, text.data() + done, text.size() - done);
    if (written <= 0) break;
    done += static_cast<std::size_t>(written);
  }
  if (fd >= 0) ::lseek(fd, 0, SEEK_SET);
  return fd;
}

/// Starts /bin/sh with these as its first descriptors, in a session of its own. 0 when it cannot.
pid_t spawn_shell(const ShellScript& script, const std::array<int, 3>& descriptors) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (int i = 0; i < 3; ++i) {
    posix_spawn_file_actions_adddup2(&actions, descriptors[static_cast<std::size_t>(i)], i);
  }
  posix_spawn_file_actions_addchdir_np(&actions, script.folder.c_str());
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  sigset_t pipe = none;
  sigaddset(&pipe, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &pipe);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  char name[] = "sh";
  char* argv[] = {name, nullptr};
  std::vector<char*> environment;
  for (const auto& entry : script.environment) {
    environment.push_back(const_cast<char*>(entry.c_str()));
  }
  environment.push_back(nullptr);
  pid_t pid = 0;
  if (::posix_spawn(&pid, "/bin/sh", &actions, &attributes, argv, environment.data()) != 0) pid = 0;
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return pid;
}

}  // namespace

class ShellRun::Pipe : public Watcher {
 public:
  Pipe(int fd, std::function<void()> call) : fd_(fd), call_(std::move(call)) {}
  ~Pipe() override { ::close(fd_); }
  int fd() const { return fd_; }
  void on_ready() override {
    if (call_) call_();
  }
  void silence() { call_ = nullptr; }

 private:
  int fd_;
  std::function<void()> call_;
};

ShellRun::ShellRun(Loop& loop, Shells& shells, ShellScript script, ShellListener listener)
    : loop_(loop), shells_(shells), script_(std::move(script)), listener_(std::move(listener)) {}

ShellRun::~ShellRun() {
  if (pid_ <= 0) return;
  ::kill(-pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  release();
  shells_.ended();
}

void ShellRun::start() {
  if (spawn()) return;
  release();
  shells_.ended();
  listener_.on_end(-1);
}

bool ShellRun::spawn() {
  std::array<int, 2> output{-1, -1};
  std::array<int, 2> error{-1, -1};
  int input = script_file(script_.text);
  bool piped =
      input >= 0 && ::pipe2(output.data(), O_CLOEXEC) == 0 && ::pipe2(error.data(), O_CLOEXEC) == 0;
  if (piped) pid_ = spawn_shell(script_, {input, output[1], error[1]});
  for (int fd : {input, output[1], error[1]}) ::close(fd);
  int process = pid_ > 0 ? static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)) : -1;
  for (int fd : {output[0], error[0]}) ::fcntl(fd, F_SETFL, O_NONBLOCK);
  output_ = std::make_shared<Pipe>(output[0], [this] { read(*output_, false); });
  error_ = std::make_shared<Pipe>(error[0], [this] { read(*error_, false); });
  process_ = std::make_shared<Pipe>(process, [this] { ended(); });
  if (process < 0) return false;
  for (const auto& pipe : {output_, error_, process_}) loop_.watch(pipe->fd(), pipe);
  return true;
}

void ShellRun::read(Pipe& pipe, bool all) {
  std::array<char, 32 << 10> buffer;
  while (all || !paused_) {
    auto count = ::read(pipe.fd(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    std::string_view bytes(buffer.data(), static_cast<std::size_t>(count));
    if (!listener_.on_output(bytes, &pipe == error_.get())) paused_ = true;
  }
}

void ShellRun::resume() {
  if (!paused_) return;
  paused_ = false;
  if (output_) read(*output_, false);
  if (error_) read(*error_, false);
}

void ShellRun::ended() {
  int status = 0;
  if (pid_ <= 0 || ::waitpid(pid_, &status, WNOHANG) != pid_) return;
  // Not more than a pipe holds: what it left in the background keeps its end open.
  read(*output_, true);
  read(*error_, true);
  release();
  shells_.ended();
  listener_.on_end(status);
}

void ShellRun::release() {
  pid_ = 0;
  for (auto* pipe : {&output_, &error_, &process_}) {
    if (!*pipe) continue;
    (*pipe)->silence();
    loop_.forget((*pipe)->fd(), pipe->get());
    pipe->reset();
  }
}

std::shared_ptr<ShellRun> Shells::submit(ShellScript script, ShellListener listener) {
  auto run = std::make_shared<ShellRun>(loop_, *this, std::move(script), std::move(listener));
  if (free_ > 0) {
    --free_;
    run->start();
  } else {
    waiting_.push_back(run);
  }
  return run;
}

void Shells::ended() {
  ++free_;
  // Not at once: the one that ended is still on its way out.
  loop_.after({}, [this] {
    while (free_ > 0 && !waiting_.empty()) {
      auto next = waiting_.front().lock();
      waiting_.pop_front();
      if (!next) continue;
      --free_;
      next->start();
    }
  });
}

}  // namespace muster::simulator
