#include "provisioner/report/terminal.h"

#include <doctest/doctest.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <streambuf>
#include <string>
#include <string_view>

#include "provisioner/base/text.h"

using namespace muster;

namespace {

constexpr const char* kWipe = "\r\x1b[K";

/// A terminal that nobody looks at.
class Pty {
 public:
  explicit Pty(unsigned short width) {
    winsize size{};
    size.ws_row = 24;
    size.ws_col = width;
    REQUIRE(::openpty(&ours_, &theirs_, nullptr, nullptr, &size) == 0);
  }
  ~Pty() {
    ::close(ours_);
    ::close(theirs_);
  }
  Pty(const Pty&) = delete;
  Pty& operator=(const Pty&) = delete;
  int fd() const { return theirs_; }

 private:
  int ours_ = -1;
  int theirs_ = -1;
};

/// Sets an environment variable (nullptr: unsets it) until destroyed.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    put(value);
  }
  ~Environment() { put(old_ ? old_->c_str() : nullptr); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  void put(const char* value) {
    if (value != nullptr) {
      ::setenv(name_, value, 1);
    } else {
      ::unsetenv(name_);
    }
  }

  const char* name_;
  std::optional<std::string> old_;
};

Event event(EventType type) {
  Event event;
  event.type = type;
  event.deployment = "quickstart";
  if (type == EventType::run_started) event.steps = 2;
  if (type == EventType::step_started || type == EventType::step_finished) {
    event.node = "c-1";
    event.verb = "create";
    event.outcome = Outcome::changed;
    event.ms = 2100;
  }
  return event;
}

/// What a terminal shows of `text` once written: each line as the last write left it.
std::string on_screen(const std::string& text) {
  std::vector<std::string> lines(1);
  std::size_t row = 0;
  std::size_t at = 0;  // the cursor's column
  auto is = [&](std::size_t i, const char* code) { return text.compare(i, 3, code) == 0; };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') {
      if (++row == lines.size()) lines.emplace_back();
      at = 0;
    } else if (text[i] == '\r') {
      at = 0;
    } else if (is(i, "\x1b[K") || is(i, "\x1b[J")) {
      lines[row].resize(at);
      if (text[i + 2] == 'J') lines.resize(row + 1);
      i += 2;
    } else if (is(i, "\x1b[A")) {
      --row;
      i += 2;
    } else {
      lines[row].resize(std::max(lines[row].size(), at + 1), ' ');
      lines[row][at++] = text[i];
    }
  }
  return join(lines, "\n");
}

Event event_of(const std::string& deployment, EventType type) {
  auto made = event(type);
  made.deployment = deployment;
  return made;
}

}  // namespace

TEST_CASE("terminal: a plain stream gets whole lines and no control characters") {
  std::ostringstream out;
  auto reporter = make_terminal_reporter(out, {});
  for (auto type : {EventType::run_started, EventType::step_started, EventType::step_finished,
                    EventType::run_finished}) {
    reporter->on(event(type));
  }
  reporter.reset();
  CHECK(out.str() ==
        "quickstart/c-1  create               changed    2.1s\n"
        "quickstart: 1 changed in 0ms\n");
}

TEST_CASE("terminal: a live one redraws its status and wipes it before each line") {
  std::ostringstream out;
  TerminalOptions options;
  options.live = true;
  {
    auto reporter = make_terminal_reporter(out, options);
    reporter->on(event(EventType::run_started));
    reporter->on(event(EventType::step_started));
    reporter->on(event(EventType::step_finished));
  }
  auto text = out.str();
  CHECK(text.find("\r[0/2] ") != std::string::npos);
  CHECK(text.find("c-1: create\x1b[K") != std::string::npos);
  CHECK(text.find(std::string(kWipe) + "quickstart/c-1  create") != std::string::npos);
  CHECK(text.ends_with(kWipe));
  CHECK(on_screen(text) == "quickstart/c-1  create               changed    2.1s\n");
}

TEST_CASE("terminal: many runs have a live line each, and what went well has no other") {
  std::ostringstream out;
  TerminalOptions options;
  options.live = true;
  options.many = true;
  auto reporter = make_terminal_reporter(out, options);
  for (const char* name : {"ann", "ben"}) reporter->on(event_of(name, EventType::run_started));
  reporter->on(event_of("ann", EventType::step_started));
  CHECK(on_screen(out.str()).starts_with("ann  [..........] 0/2 "));
  CHECK(on_screen(out.str()).find("c-1: create\nben  [..........] 0/2 ") != std::string::npos);
  reporter->on(event_of("ann", EventType::step_finished));
  CHECK(on_screen(out.str()).starts_with("ann  [#####.....] 1/2 "));
  auto note = event_of("ann", EventType::note);
  note.message = "a note";
  reporter->on(note);
  CHECK(on_screen(out.str()).starts_with("ann      a note\nann  [#####.....] 1/2 "));
  reporter->on(event_of("ann", EventType::run_finished));
  reporter.reset();
  CHECK(on_screen(out.str()) == "ann      a note\nann: 1 changed in 0ms\n");
}

TEST_CASE("terminal: the status line is gone when the run has finished") {
  std::ostringstream out;
  TerminalOptions options;
  options.live = true;
  auto reporter = make_terminal_reporter(out, options);
  for (auto type : {EventType::run_started, EventType::step_started, EventType::run_finished}) {
    reporter->on(event(type));
  }
  reporter.reset();
  CHECK(on_screen(out.str()) == "quickstart: nothing to do in 0ms\n");
}

TEST_CASE("terminal: the status line never reaches the last column") {
  std::ostringstream out;
  TerminalOptions options;
  options.live = true;
  options.width = 20;
  auto reporter = make_terminal_reporter(out, options);
  reporter->on(event(EventType::run_started));
  auto started = event(EventType::step_started);
  started.node = std::string(200, 'n');
  reporter->on(started);
  reporter.reset();
  auto text = out.str();
  auto last = text.rfind("\r[");
  REQUIRE(last != std::string::npos);
  CHECK(text.find("\x1b[K", last) - last - 1 == 19);
}

TEST_CASE("terminal: a stream that cannot be written does not stop a run") {
  struct Broken : std::streambuf {
    int_type overflow(int_type) override { throw std::runtime_error("closed"); }
  } broken;
  std::ostream out(&broken);
  out.exceptions(std::ios::badbit | std::ios::failbit);
  TerminalOptions options;
  options.live = true;
  auto terminal = make_terminal_reporter(out, options);
  auto json = make_json_reporter(out);
  for (auto type : {EventType::run_started, EventType::step_finished}) {
    terminal->on(event(type));
    json->on(event(type));
  }
  terminal.reset();
  CHECK(!out.good());
}

TEST_CASE("terminal: a terminal is live, colored and as wide as it says") {
  Pty pty(132);
  Environment term("TERM", "xterm-256color");
  Environment no_color("NO_COLOR", nullptr);
  auto options = detect_terminal(pty.fd());
  CHECK(options.live);
  CHECK(options.color);
  CHECK(options.width == 132);
  CHECK(options.fd == pty.fd());
}

TEST_CASE("terminal: a plain stream is told what is still running") {
  struct Waiting : std::streambuf {
    std::streamsize xsputn(const char* data, std::streamsize size) override {
      std::lock_guard lock(mutex);
      text.append(data, static_cast<std::size_t>(size));
      changed.notify_all();
      return size;
    }
    int_type overflow(int_type c) override { return traits_type::not_eof(c); }
    std::mutex mutex;
    std::condition_variable changed;
    std::string text;  // guarded by mutex
  } stream;
  std::ostream out(&stream);
  TerminalOptions options;
  options.still_ms = 10;
  auto reporter = make_terminal_reporter(out, options);
  reporter->on(event(EventType::run_started));
  reporter->on(event(EventType::step_started));
  std::unique_lock lock(stream.mutex);
  CHECK(stream.changed.wait_for(lock, std::chrono::minutes(1), [&] {
    return stream.text.find("quickstart/c-1  create               still running after ") !=
           std::string::npos;
  }));
  CHECK(stream.text.find('\r') == std::string::npos);
  lock.unlock();
}

TEST_CASE("terminal: the status line is redrawn while nothing happens") {
  struct Counting : std::streambuf {
    std::streamsize xsputn(const char* text, std::streamsize size) override {
      std::lock_guard lock(mutex);
      if (std::string_view(text, static_cast<std::size_t>(size)).starts_with("\r[0/2]")) ++drawn;
      changed.notify_all();
      return size;
    }
    int_type overflow(int_type c) override { return traits_type::not_eof(c); }
    std::mutex mutex;
    std::condition_variable changed;
    int drawn = 0;  // guarded by mutex
  } screen;
  std::ostream out(&screen);
  TerminalOptions options;
  options.live = true;
  auto reporter = make_terminal_reporter(out, options);
  reporter->on(event(EventType::run_started));
  std::unique_lock lock(screen.mutex);
  CHECK(screen.changed.wait_for(lock, std::chrono::minutes(1), [&] { return screen.drawn > 2; }));
  lock.unlock();
}

TEST_CASE("terminal: a window that was resized is asked for its width again") {
  Pty pty(132);
  std::ostringstream out;
  TerminalOptions options;
  options.live = true;
  options.width = 132;
  options.fd = pty.fd();
  winsize narrow{};
  narrow.ws_row = 24;
  narrow.ws_col = 12;
  REQUIRE(::ioctl(pty.fd(), TIOCSWINSZ, &narrow) == 0);
  auto reporter = make_terminal_reporter(out, options);
  reporter->on(event(EventType::run_started));
  reporter->on(event(EventType::step_started));
  reporter.reset();
  auto text = out.str();
  auto last = text.rfind("\r[");
  CHECK(text.find("\x1b[K", last) - last - 1 == 11);
}

TEST_CASE("terminal: NO_COLOR keeps the status line and drops the colors") {
  Pty pty(100);
  Environment term("TERM", "xterm");
  {
    Environment no_color("NO_COLOR", "1");
    CHECK(detect_terminal(pty.fd()).live);
    CHECK(!detect_terminal(pty.fd()).color);
  }
  Environment empty("NO_COLOR", "");
  CHECK(detect_terminal(pty.fd()).color);
}

TEST_CASE("terminal: a dumb or unknown terminal gets plain lines") {
  Pty pty(100);
  for (const char* name : {"dumb", "", static_cast<const char*>(nullptr)}) {
    Environment term("TERM", name);
    CHECK(!detect_terminal(pty.fd()).live);
    CHECK(!detect_terminal(pty.fd()).color);
  }
}

TEST_CASE("terminal: a pipe gets plain lines of 80 columns") {
  Environment term("TERM", "xterm");
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  auto options = detect_terminal(ends[1]);
  CHECK(!options.live);
  CHECK(!options.color);
  CHECK(options.width == 80);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("tee: every reporter gets every event, in order") {
  std::ostringstream first;
  std::ostringstream second;
  auto json = make_json_reporter(first);
  auto terminal = make_terminal_reporter(second, {});
  TeeReporter tee({json.get(), terminal.get()});
  tee.on(event(EventType::run_started));
  tee.on(event(EventType::run_finished));
  CHECK(first.str() ==
        R"({"type":"run_started","time":"1970-01-01T00:00:00.000Z","deployment":"quickstart",)"
        R"("steps":2})"
        "\n"
        R"({"type":"run_finished","time":"1970-01-01T00:00:00.000Z","deployment":"quickstart",)"
        R"("outcome":"unchanged","ms":0,"steps":0})"
        "\n");
  CHECK(second.str() == "quickstart: nothing to do in 0ms\n");
}
