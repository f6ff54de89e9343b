#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <string>
#include <system_error>

#include "provisioner/base/clock.h"
#include "provisioner/base/error.h"

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
inline std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.exit_code() == ExitCode::locked ? error.what() : "wrong exit code";
  }
  return "";
}

}  // namespace muster
