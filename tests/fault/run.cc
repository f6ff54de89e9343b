#include "tests/fault/run.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <thread>

#include "provisioner/base/error.h"

namespace muster::testing {

namespace {

/// Far more than any run here takes: what does not end by then hangs.
constexpr std::int64_t kPatienceMs = 5 * 60'000;

std::int64_t ms_since(std::chrono::steady_clock::time_point then) {
  auto passed = std::chrono::steady_clock::now() - then;
  return std::chrono::duration_cast<std::chrono::milliseconds>(passed).count();
}

std::vector<std::string> command_line(const std::vector<std::string>& arguments) {
  const char* program = std::getenv("MUSTER");
  if (program == nullptr) throw Error("MUSTER does not name the binary to test");
  std::vector<std::string> words{program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  words.push_back("--json");
  return words;
}

}  // namespace

std::string to_string(const Instant& instant) {
  return "line " + std::to_string(instant.line) + " + " + std::to_string(instant.ms) + " ms";
}

Run::Run(const std::vector<std::string>& arguments, const std::filesystem::path& log)
    : began_(std::chrono::steady_clock::now()) {
  auto words = command_line(arguments);
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw Error("cannot make a pipe");
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    int errors = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(::open("/dev/null", O_RDONLY), 0);
    ::dup2(ends[1], 1);
    ::dup2(errors, 2);
    ::execv(argv.front(), argv.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  events_ = ends[0];
  if (pid_ < 0) throw Error("cannot start a process");
}

Run::~Run() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  ::close(events_);
}

bool Run::kill_at(const Instant& instant) {
  while (lines_ < instant.line) {
    if (!next_line()) break;
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(instant.ms));
  ::kill(pid_, SIGKILL);
  return wait() == 128 + SIGKILL;
}

int Run::wait() {
  // What it said before it was killed has happened.
  while (next_line()) {
  }
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  ms_ = static_cast<int>(ms_since(began_));
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

bool Run::next_line() {
  for (;;) {
    if (auto end = heard_.find('\n'); end != std::string::npos) {
      take(heard_.substr(0, end));
      heard_.erase(0, end + 1);
      return true;
    }
    auto left = std::max(kPatienceMs - ms_since(began_), std::int64_t{0});
    pollfd events{events_, POLLIN, 0};
    if (::poll(&events, 1, static_cast<int>(left)) == 0) {
      throw Error("a muster hangs, or what it started holds its output open");
    }
    char bytes[4096];
    auto count = ::read(events_, bytes, sizeof bytes);
    if (count <= 0) return false;
    heard_.append(bytes, static_cast<std::size_t>(count));
  }
}

void Run::take(const std::string& line) {
  ++lines_;
  auto event = nlohmann::json::parse(line);
  if (event.value("verb", "") == "verify") return;  // a check may be made any number of times
  auto type = event.value("type", "");
  if (type == "step_started") started_.insert(event.value("step", ""));
  auto outcome = event.value("outcome", "");
  if (type == "step_finished" && (outcome == "changed" || outcome == "unchanged")) {
    done_.insert(event.value("step", ""));
  }
}

}  // namespace muster::testing
