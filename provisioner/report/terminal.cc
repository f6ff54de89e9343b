#include "provisioner/report/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <stop_token>
#include <string_view>
#include <thread>

#include "provisioner/base/clock.h"
#include "provisioner/report/lines.h"

namespace muster {

namespace {

constexpr auto kRedraw = std::chrono::milliseconds(250);
constexpr int kStillMs = 10'000;
constexpr const char* kWipe = "\r\x1b[K";

/// 0 when `fd` is no terminal or does not know.
int terminal_width(int fd) {
  winsize size{};
  return fd >= 0 && ::ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/// Writes Lines to a stream and, when live, keeps a status line below them; else says now and then
/// what is still running.
class TerminalReporter : public Reporter {
 public:
  TerminalReporter(std::ostream& out, const TerminalOptions& options)
      : out_(out), options_(options), lines_(options.color, options.verbose) {
    if (options_.live || options_.still_ms > 0)
      ticker_ = std::jthread([this](std::stop_token stop) { tick(stop); });
  }

  ~TerminalReporter() override {
    ticker_ = {};
    guarded([this] { wipe(); });
  }

  TerminalReporter(const TerminalReporter&) = delete;
  TerminalReporter& operator=(const TerminalReporter&) = delete;

  void on(const Event& event) noexcept override {
    guarded([&] {
      std::lock_guard lock(mutex_);
      auto text = lines_.on(event);
      if (!text.empty()) {
        wipe();
        out_ << text;
      }
      draw();
      out_.flush();
    });
  }

 private:
  /// A closed terminal or a lack of memory must not stop a run.
  template <typename F>
  static void guarded(F write) noexcept {
    try {
      write();
    } catch (...) {
    }
  }

  void tick(const std::stop_token& stop) noexcept {
    guarded([&] {
      std::unique_lock lock(mutex_);
      while (!stop.stop_requested()) {
        woken_.wait_for(lock, stop, kRedraw, [] { return false; });
        if (stop.stop_requested()) break;
        if (!options_.live) {
          out_ << lines_.still_running(RealClock().wall_ms(), options_.still_ms);
        }
        draw();
        out_.flush();
      }
    });
  }

  void draw() {
    if (!options_.live) return;
    auto asked = terminal_width(options_.fd);
    auto width = asked > 0 ? asked : options_.width;
    // One column stays free: many terminals wrap when the last one is written.
    auto status = lines_.status(RealClock().wall_ms(), static_cast<std::size_t>(width - 1));
    if (status.empty()) {
      wipe();
      return;
    }
    out_ << '\r' << status << "\x1b[K";
    drawn_ = true;
  }

  void wipe() {
    if (!drawn_) return;
    out_ << kWipe;
    out_.flush();
    drawn_ = false;
  }

  std::mutex mutex_;  // guards everything below, against the ticker
  std::ostream& out_;
  TerminalOptions options_;
  Lines lines_;
  bool drawn_ = false;  // a status line is on the screen
  std::condition_variable_any woken_;
  std::jthread ticker_;
};

class JsonReporter : public Reporter {
 public:
  explicit JsonReporter(std::ostream& out) : out_(out) {}

  void on(const Event& event) noexcept override {
    try {
      out_ << event_json(event) + "\n";
      out_.flush();
    } catch (...) {
    }
  }

 private:
  std::ostream& out_;
};

bool set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

}  // namespace

TerminalOptions detect_terminal(int fd) {
  TerminalOptions options;
  const char* term = std::getenv("TERM");
  options.live = ::isatty(fd) == 1 && set("TERM") && std::string_view(term) != "dumb";
  options.color = options.live && !set("NO_COLOR");  // no-color.org: set and not empty
  if (!options.live) {
    options.still_ms = kStillMs;
    return options;
  }
  options.fd = fd;
  if (auto width = terminal_width(fd); width > 0) options.width = width;
  return options;
}

std::unique_ptr<Reporter> make_terminal_reporter(std::ostream& out,
                                                 const TerminalOptions& options) {
  return std::make_unique<TerminalReporter>(out, options);
}

std::unique_ptr<Reporter> make_json_reporter(std::ostream& out) {
  return std::make_unique<JsonReporter>(out);
}

}  // namespace muster
