#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <iostream>
#include <stop_token>
#include <string_view>
#include <thread>

#include "provisioner/base/error.h"
#include "provisioner/base/log.h"
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
    }
  }).detach();
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

/// A run over a thousand nodes has more open than the 1,024 files that are usual.
void allow_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// Those can be stopped in the middle and gone on with, or clean up; others just end at a Ctrl-C.
bool is_run(const muster::Options& options) {
  constexpr auto kRuns = std::to_array<std::string_view>({"apply",
                                                          "rollback",
                                                          "destroy",
                                                          "deployment create",
                                                          "deployment delete",
                                                          "artifacts fetch",
                                                          "power",
                                                          "gc",
                                                          "classroom apply",
                                                          "classroom destroy",
                                                          "test",
                                                          "provider test",
                                                          "etcd backup",
                                                          "etcd restore",
                                                          "recover",
                                                          "certs renew",
                                                          "certs rotate-ca",
                                                          "bundle create",
                                                          "bmc status",
                                                          "bmc on",
                                                          "bmc off",
                                                          "bmc cycle",
                                                          "bmc pxe"});
  return options.watch || std::ranges::find(kRuns, options.command) != kRuns.end();
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
    if (is_run(options)) watch_signals(stop);
    if (is_run(options) || options.command == "check" || options.command == "plan") {
      allow_open_files();
    }
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
