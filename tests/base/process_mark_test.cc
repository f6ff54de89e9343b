#include "provisioner/base/process_mark.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

using namespace muster;

namespace {

/// A process that waits to be killed.
class Sleeper {
 public:
  Sleeper() : pid_(::fork()) {
    if (pid_ != 0) return;
    for (;;) ::pause();
  }
  ~Sleeper() { end(); }
  void die() const {
    ::kill(pid_, SIGKILL);
    siginfo_t info;
    ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT);
  }
  void end() {
    if (pid_ < 0) return;
    die();
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

}  // namespace

TEST_CASE("process mark: this process runs, and says all of itself") {
  auto mark = this_process();
  CHECK(mark.pid == ::getpid());
  CHECK(mark.started > 0);
  CHECK(mark.place.find(" pid:[") != std::string::npos);
  CHECK_FALSE(has_ended(mark));
}

TEST_CASE("process mark: one that died has ended, collected or not") {
  Sleeper sleeper;
  ProcessMark mark{this_process().place, sleeper.pid(), 0};
  CHECK_FALSE(has_ended(mark));
  sleeper.die();  // a zombie from here on
  CHECK(::kill(sleeper.pid(), 0) == 0);
  CHECK(has_ended(mark));
  sleeper.end();
  CHECK(has_ended(mark));
}

TEST_CASE("process mark: one whose number was given again has ended") {
  auto mark = this_process();
  ++mark.started;
  CHECK(has_ended(mark));
}

TEST_CASE("process mark: of another boot, machine or namespace nothing is known") {
  Sleeper sleeper;
  ProcessMark mark{this_process().place, sleeper.pid(), 0};
  sleeper.end();
  REQUIRE(has_ended(mark));
  mark.place += "x";
  CHECK_FALSE(has_ended(mark));
  mark.place.clear();
  CHECK_FALSE(has_ended(mark));
}
