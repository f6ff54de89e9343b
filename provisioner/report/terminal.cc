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
constexpr const char* kEraseRest = "\x1b[K";
constexpr const char* kEraseBelow = "\x1b[J";
constexpr const char* kLineUp = "\x1b[A";

/// Zeros when `fd` is no terminal or does not know.
winsize terminal_size(int fd) {
  winsize size{};
  if (fd < 0 || ::ioctl(fd, TIOCGWINSZ, &size) != 0) return {};
  return size;
}

std::size_t first_known(int asked, int fallback) {
  return static_cast<std::size_t>(asked > 0 ? asked : fallback);
}

/// Writes Lines to a stream and, when live, keeps a status line below them; else says now and then
/// what is still running.
class TerminalReporter : public Reporter {
 public:
  TerminalReporter(std::ostream& out, const TerminalOptions& options)
      : out_(out),
        options_(options),
        lines_(options.color, options.verbose, options.many && options.live) {
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
    auto size = terminal_size(options_.fd);
    // One column stays free: many terminals wrap when the last one is written.
    auto width = first_known(size.ws_col, options_.width) - 1;
    auto height = first_known(size.ws_row, options_.height);
    auto now = RealClock().wall_ms();
    auto status = options_.many ? lines_.status_of_each(now, width, height - 1)
                                : std::vector<std::string>{lines_.status(now, width)};
    if (status.size() == 1 && status.front().empty()) status.clear();
    if (status.empty()) {
      wipe();
      return;
    }
    // Over what is there, so that it does not flicker.
    auto text = to_first_line();
    for (std::size_t i = 0; i < status.size(); ++i) {
      text += (i > 0 ? "\n" : "") + status[i] + kEraseRest;
    }
    if (status.size() < drawn_) text += kEraseBelow;
    drawn_ = status.size();
    out_ << text;
  }

  std::string to_first_line() const {
    std::string text = "\r";
    for (std::size_t i = 1; i < drawn_; ++i) text += kLineUp;
    return text;
  }

  void wipe() {
    if (drawn_ == 0) return;
    out_ << to_first_line() << kEraseRest << (drawn_ > 1 ? kEraseBelow : "");
    out_.flush();
    drawn_ = 0;
  }

  std::mutex mutex_;  // guards everything below, against the ticker
  std::ostream& out_;
  TerminalOptions options_;
  Lines lines_;
  std::size_t drawn_ = 0;  // status lines on the screen
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
  auto size = terminal_size(fd);
  if (size.ws_col > 0) options.width = size.ws_col;
  if (size.ws_row > 0) options.height = size.ws_row;
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
