#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <stop_token>
#include <thread>

#include "provisioner/base/error.h"
#include "provisioner/base/log.h"
#include "provisioner/base/process.h"
#include "provisioner/cli/app.h"

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
      muster::interrupt_processes();
    }
  }).detach();
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

/// Those can be stopped in the middle and gone on with; others just end at a Ctrl-C.
bool is_run(const std::string& command) {
  return command == "apply" || command == "rollback" || command == "destroy" ||
         command == "artifacts fetch" || command == "power";
}

}  // namespace

int main(int argc, char** argv) {
  static std::stop_source stop;  // outlives the watching thread
  try {
    muster::Options options;
    if (auto usage = muster::parse_options(argc, argv, options)) {
      (usage->exit_code == 0 ? std::cout : std::cerr) << usage->text;
      return usage->exit_code;
    }
    if (is_run(options.command)) watch_signals(stop);
    if (!options.log_file.empty()) muster::open_log(options.log_file, options.verbose);
    muster::App app(options, std::cout, std::cerr, stop.get_token());
    int code = app.run();
    std::cout.flush();
    if (!std::cout && code == 0) {
      throw muster::Error("cannot write the output").hint("is the disk full, or the reader gone?");
    }
    return code;
  } catch (const muster::Error& error) {
    std::cerr << "muster: " << error.what() << "\n";
    return static_cast<int>(error.exit_code());
  } catch (const std::exception& error) {
    std::cerr << "muster: this is a bug: " << error.what() << "\n";
    return static_cast<int>(muster::ExitCode::step_failed);
  }
}
