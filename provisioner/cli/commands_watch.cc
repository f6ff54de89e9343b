// status --watch: what is on record, again whenever it changes.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ostream>

#include "provisioner/base/error.h"
#include "provisioner/base/fibers.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/app.h"
#include "provisioner/report/terminal.h"

namespace muster {

namespace {

/// A screen of its own on the terminal, given back at the end of life: the user's comes back as it
/// was, cursor included.
class Screen {
 public:
  Screen(std::ostream& out, int fd) : out_(out), fd_(fd) {
    out_ << "\x1b[?1049h\x1b[?25l\x1b[?7l" << std::flush;  // lines too long are cut
  }
  ~Screen() { out_ << "\x1b[?7h\x1b[?25h\x1b[?1049l" << std::flush; }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  /// As much of `text` as there is room for.
  void draw(const std::string& text) {
    auto lines = split(text, '\n');
    if (!lines.empty() && lines.back().empty()) lines.pop_back();
    // Asked each time: windows are resized.
    const auto room = static_cast<std::size_t>(std::max(2, detect_terminal(fd_).height));
    if (lines.size() > room) {
      auto more = std::to_string(lines.size() - room + 1);
      lines.resize(room - 1);
      lines.push_back("... and " + more + " lines more");
    }
    out_ << "\x1b[H";
    for (std::size_t i = 0; i < lines.size(); ++i) {
      out_ << (i == 0 ? "" : "\r\n") << lines[i] << "\x1b[K";
    }
    out_ << "\x1b[J" << std::flush;
  }

 private:
  std::ostream& out_;
  int fd_;
};

}  // namespace

std::optional<std::string> App::watched(std::optional<std::int64_t> now_ms) {
  if (options_.arguments.empty()) return list_text(now_ms);
  auto record = store().deployment(options_.arguments.front());
  if (!record) return std::nullopt;
  return status_text(*record, now_ms);
}

int App::watch() {
  if (!options_.arguments.empty()) deployment(options_.arguments.front());  // says what exists
  auto text = detect_terminal(STDOUT_FILENO).live ? watch_on_screen() : watch_in_blocks();
  out_ << text << std::flush;
  if (stop_.stop_requested() || !out_) return static_cast<int>(ExitCode::interrupted);
  talk_ << "muster: '" << options_.arguments.front() << "' is gone\n";
  return static_cast<int>(ExitCode::done);
}

std::string App::watch_on_screen() {
  Screen screen(out_, STDOUT_FILENO);
  std::string last;
  while (!stop_.stop_requested()) {
    auto text = watched(clock_.wall_ms());
    if (!text) break;
    last = *text;
    screen.draw(last);
    pause_for(std::chrono::milliseconds(options_.interval_ms), stop_);
  }
  return last;
}

std::string App::watch_in_blocks() {
  std::optional<std::string> last;
  while (!stop_.stop_requested()) {
    auto text = watched(std::nullopt);
    if (!text) break;
    if (text != last) {
      out_ << (last ? "\n" : "") << *text << std::flush;
      if (!out_) break;  // the reader is gone
      last = text;
    }
    pause_for(std::chrono::milliseconds(options_.interval_ms), stop_);
  }
  return "";
}

}  // namespace muster
