#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <stop_token>
#include <thread>

#include "provisioner/base/error.h"
#include "provisioner/cli/context.h"

namespace {

int wake_pipe[2] = {-1, -1};

void on_signal(int) {
  char byte = 1;
  [[maybe_unused]] auto written = ::write(wake_pipe[1], &byte, 1);
}

/// The first Ctrl-C (or SIGTERM) asks the run to stop, the second stops the process now: the
/// journal is ahead of every effect, so either can be resumed.
void watch_signals(std::stop_source& stop) {
  if (::pipe2(wake_pipe, O_CLOEXEC) != 0) return;
  std::thread([&stop] {
    char byte = 0;
    for (int count = 1; ::read(wake_pipe[0], &byte, 1) == 1; ++count) {
      if (count > 1) ::_exit(static_cast<int>(muster::ExitCode::interrupted));
      stop.request_stop();
    }
  }).detach();
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

}  // namespace

int main(int argc, char** argv) {
  static std::stop_source stop;  // outlives the watching thread
  return muster::run_muster({argv + (argc > 0 ? 1 : 0), argv + argc}, std::cout, std::cerr,
                            stop.get_token(), [] { watch_signals(stop); });
}
