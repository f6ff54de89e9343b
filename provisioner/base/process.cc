#include "provisioner/base/process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <memory>
#include <mutex>
#include <utility>  // Boost 1.74's asio forgets it

#include <boost/asio.hpp>
#include <boost/process.hpp>
#include <boost/process/extend.hpp>

#include "provisioner/base/error.h"
#include "provisioner/base/text.h"

namespace muster {

namespace bp = boost::process;
namespace asio = boost::asio;

namespace {

/// Reads a pipe to its end into `text`, line by line to `on_line` when set.
struct PipeReader {
  PipeReader(asio::io_context& io, std::string& text, std::function<void(std::string_view)> on_line)
      : pipe(io), text(text), on_line(std::move(on_line)) {}

  void read() {
    pipe.async_read_some(asio::buffer(buffer),
                         [this](const boost::system::error_code& error, std::size_t count) {
                           text.append(buffer.data(), count);
                           emit_lines(static_cast<bool>(error));
                           if (error) {
                             pipe.close();
                           } else {
                             read();
                           }
                         });
  }

  void emit_lines(bool at_end) {
    if (!on_line) return;
    for (auto end = text.find('\n', shown); end != std::string::npos;
         end = text.find('\n', shown)) {
      on_line(std::string_view(text).substr(shown, end - shown));
      shown = end + 1;
    }
    if (at_end && shown < text.size()) {
      on_line(std::string_view(text).substr(shown));
      shown = text.size();
    }
  }

  bp::async_pipe pipe;
  std::string& text;
  std::function<void(std::string_view)> on_line;
  std::array<char, 16384> buffer{};
  std::size_t shown = 0;
};

std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  auto path = bp::search_path(name);
  if (path.empty()) {
    for (const char* folder : {"/usr/sbin/", "/sbin/"}) {  // not in every user's PATH
      if (boost::filesystem::exists(folder + name)) return folder + name;
    }
    throw Error("cannot run '" + name + "': no such program in PATH")
        .hint("install it, or add its folder to PATH");
  }
  return path.string();
}

void close_on_exec(bp::async_pipe& pipe) {
  ::fcntl(pipe.native_sink(), F_SETFD, FD_CLOEXEC);
  ::fcntl(pipe.native_source(), F_SETFD, FD_CLOEXEC);
}

/// Guards the moment between making a pipe and marking it close-on-exec: a program started by
/// another thread in between would keep our pipe open.
std::mutex& launch_mutex() {
  static std::mutex mutex;
  return mutex;
}

sigset_t broken_pipe() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGPIPE);
  return set;
}

/// A program that ends without reading its input must not end us: where SIGPIPE is not ignored
/// anyway, this thread does not get it as long as this lives.
class NoBrokenPipe {
 public:
  NoBrokenPipe() {
    const auto set = broken_pipe();
    ::pthread_sigmask(SIG_BLOCK, &set, &before_);
  }
  ~NoBrokenPipe() {
    const auto set = broken_pipe();
    const timespec now{};
    if (::sigismember(&before_, SIGPIPE) == 0) ::sigtimedwait(&set, nullptr, &now);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoBrokenPipe(const NoBrokenPipe&) = delete;
  NoBrokenPipe& operator=(const NoBrokenPipe&) = delete;

 private:
  sigset_t before_{};
};

/// In the program's process, before it is the program.
void set_up_program(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(1);  // it died before that
  const auto set = broken_pipe();
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

thread_local const InterruptScope* scope = nullptr;

}  // namespace

InterruptScope::InterruptScope(std::stop_token stop)
    : stop_(std::move(stop)), outer_(std::exchange(scope, this)) {}

InterruptScope::~InterruptScope() { scope = outer_; }

std::stop_token interruption() { return scope == nullptr ? std::stop_token() : scope->stop(); }

ProcessResult run_process(const ProcessSpec& spec) {
  ProcessResult result;
  const NoBrokenPipe guard;
  asio::io_context io;
  std::unique_lock launching(launch_mutex());
  PipeReader out(io, result.output, nullptr);
  PipeReader err(io, result.error_output, spec.on_error_line);
  bp::async_pipe in(io);
  for (auto* pipe : {&out.pipe, &err.pipe, &in}) close_on_exec(*pipe);

  bp::environment environment = boost::this_process::environment();
  for (const auto& entry : spec.environment) {
    auto equals = entry.find('=');
    environment[entry.substr(0, equals)] = entry.substr(equals + 1);
  }
  std::vector<std::string> arguments(spec.argv.begin() + 1, spec.argv.end());
  auto program = find_program(spec.argv.front());
  std::error_code failure;
  const auto parent = ::getpid();
  // Its own group, so that a deadline ends what it started as well.
  bp::group group;
  bp::child child(
      program, bp::args(arguments), bp::std_in<in, bp::std_out> out.pipe, bp::std_err > err.pipe,
      environment, group, bp::extend::on_exec_setup = [parent](auto&) { set_up_program(parent); },
      failure);
  launching.unlock();
  if (failure) throw Error("cannot run '" + program + "': " + failure.message());

  out.read();
  err.read();
  asio::async_write(in, asio::buffer(spec.input),
                    [&](const boost::system::error_code&, std::size_t) { in.close(); });
  auto end_it = [&] {
    std::error_code ignored;
    group.terminate(ignored);
    out.pipe.close();
    err.pipe.close();
    in.close();
  };
  asio::steady_timer timer(io, spec.deadline);
  timer.async_wait([&](const boost::system::error_code& error) {
    if (error) return;
    result.timed_out = true;
    end_it();
  });
  // The pipes close when the program is done; a daemon that it left behind may hold them open.
  std::error_code ignored;
  bool told_to_end = false;
  while (!result.timed_out && !result.too_much_output) {
    if (spec.interruptible && interruption().stop_requested() && !told_to_end) {
      told_to_end = true;
      ::kill(-group.native_handle(), SIGTERM);
    }
    // Most programs end when they have closed both.
    bool reading = out.pipe.is_open() || err.pipe.is_open();
    io.run_one_for(std::chrono::milliseconds(reading ? 20 : 1));
    auto most = std::max(result.output.size(), result.error_output.size());
    if (spec.output_limit > 0 && most > spec.output_limit) {
      result.too_much_output = true;
      end_it();
    } else if (!child.running(ignored)) {
      io.poll();
      break;
    }
  }
  timer.cancel();
  child.wait(ignored);
  io.poll();
  err.emit_lines(true);
  if (told_to_end) throw Error("interrupted", ExitCode::interrupted);
  result.exit_code = child.exit_code();
  if (WIFSIGNALED(child.native_exit_code())) {
    result.exit_code = 128 + WTERMSIG(child.native_exit_code());
  }
  return result;
}

std::string run_or_throw(const ProcessSpec& spec) {
  auto result = run_process(spec);
  if (result.timed_out) {
    throw Error("'" + join(spec.argv, " ") + "' did not end within " +
                format_duration(static_cast<double>(spec.deadline.count()) / 1000));
  }
  if (result.exit_code != 0) {
    auto said = trim(result.error_output.empty() ? result.output : result.error_output);
    throw Error("'" + join(spec.argv, " ") + "' failed with exit code " +
                std::to_string(result.exit_code) + (said.empty() ? "" : ": " + said));
  }
  return result.output;
}

std::string run_or_throw(std::vector<std::string> argv) {
  ProcessSpec spec;
  spec.argv = std::move(argv);
  return run_or_throw(spec);
}

}  // namespace muster
