#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <string>
#include <system_error>
#include <vector>

#include "provisioner/base/clock.h"
#include "provisioner/base/error.h"
#include "provisioner/state/store.h"

namespace muster {

/// A directory of its own, removed with all it holds.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "muster-state-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw Error("cannot make a temporary directory");
    path_ = name;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path state() const { return path_ / "state"; }
  std::filesystem::path file() const { return state() / "muster.db"; }

 private:
  std::filesystem::path path_;
};

/// Stands still until it is set.
class FakeClock : public Clock {
 public:
  std::int64_t wall_ms() const override { return now; }
  std::int64_t steady_ms() const override { return now; }
  std::int64_t now = 1'000'000;
};

/// A process that runs `body` and ends; its pipe goes to us.
class Child {
 public:
  /// `body` gets the end of the pipe that it writes to.
  explicit Child(const std::function<void(int)>& body) {
    int ends[2];
    if (::pipe(ends) != 0) throw Error("cannot make a pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(ends[0]);
      try {
        body(ends[1]);
      } catch (const std::exception& failure) {
        say(ends[1], failure.what());
        ::_exit(1);
      }
      ::_exit(0);
    }
    ::close(ends[1]);
    out_ = ends[0];
  }
  ~Child() {
    ::close(out_);
    wait();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  static void say(int fd, const std::string& text) {
    if (::write(fd, text.data(), text.size()) < 0) ::_exit(2);
  }

  pid_t pid() const { return pid_; }

  /// Waits for `count` bytes, or to the end of what it says.
  std::string hear(std::size_t count = std::string::npos) const {
    std::string text;
    char c = 0;
    while (text.size() < count && ::read(out_, &c, 1) == 1) text += c;
    return text;
  }

  /// Its exit code, 128 + signal when it was killed.
  int wait() {
    if (!ended_) {
      int status = 0;
      ::waitpid(pid_, &status, 0);
      code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
      ended_ = true;
    }
    return code_;
  }

 private:
  pid_t pid_ = -1;
  int out_ = -1;
  bool ended_ = false;
  int code_ = 0;
};

/// What `call` throws, as main would print it; "" when it does not throw. Every error of the
/// state must have exit code 3.
inline std::string state_error(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.exit_code() == ExitCode::locked ? error.what() : "wrong exit code";
  }
  return "";
}

/// "outcome task: message" of the events of one type of the last run of "d".
inline std::vector<std::string> told(Store& store, EventType type) {
  std::vector<std::string> lines;
  for (const auto& event : store.events(store.runs("d").back().id)) {
    if (event.type != type) continue;
    lines.push_back(to_string(event.outcome) + " " + event.step +
                    (event.task.empty() ? "" : " " + event.task) +
                    (event.message.empty() ? "" : ": " + event.message));
  }
  return lines;
}

/// Another run that has taken the lock while ours was stopped.
inline void take_over(Store& other, const std::string& deployment) {
  const bool broken = other.break_lease(deployment, other.lease(deployment)->owner);
  Lease lease;
  lease.deployment = deployment;
  lease.owner = "theirs";
  lease.user = "eve";
  lease.host = "h2";
  lease.process.pid = 42;
  lease.command = "muster apply d.json";
  if (!broken || other.acquire_lease(lease, 60'000)) throw Error("another has the lock");
}

/// What a run is told whose lock of "d" was taken so.
inline const std::string kLostLock =
    "this run has lost its lock on 'd' to eve@h2, pid 42, running 'muster apply d.json'\n"
    "  it had been stopped for too long; when no other run goes on, run the command again";

}  // namespace muster
