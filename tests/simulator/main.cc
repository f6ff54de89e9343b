#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "provisioner/base/error.h"
#include "tests/simulator/simulator.h"

using namespace muster;
using namespace muster::simulator;

namespace {

void print(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

/// SIGTERM and SIGINT end the simulator, SIGUSR1 asks for its counters.
class Signals : public Watcher {
 public:
  explicit Signals(Simulator& simulator) : simulator_(simulator) {
    sigset_t set = watched();
    fd_ = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  }
  ~Signals() override { ::close(fd_); }

  static sigset_t watched() {
    sigset_t set;
    sigemptyset(&set);
    for (int number : {SIGTERM, SIGINT, SIGUSR1}) sigaddset(&set, number);
    return set;
  }

  int fd() const { return fd_; }

  void on_ready() override {
    signalfd_siginfo signal{};
    while (::read(fd_, &signal, sizeof signal) == sizeof signal) {
      if (signal.ssi_signo == SIGUSR1) {
        print(simulator_.report());
      } else {
        simulator_.stop();
      }
    }
  }

 private:
  Simulator& simulator_;
  int fd_;
};

int simulate(const SimulatorOptions& options) {
  sigset_t set = Signals::watched();
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  Simulator simulator(options);
  auto signals = std::make_shared<Signals>(simulator);
  simulator.loop().watch(signals->fd(), signals);
  print("ready " + std::to_string(options.nodes) + " nodes");
  simulator.run();
  print(simulator.report());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    auto options = parse_simulator_options({argv + 1, argv + argc});
    if (options.help) {
      std::fputs(simulator_help(), stdout);
      return 0;
    }
    return simulate(options);
  } catch (const Error& error) {
    std::fprintf(stderr, "muster-simulator: %s\n", error.what());
    return static_cast<int>(error.exit_code());
  }
}
