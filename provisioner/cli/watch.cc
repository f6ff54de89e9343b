// status --watch: what is on record, again whenever it changes.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ostream>

#include "provisioner/base/error.h"
#include "provisioner/base/fibers.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/deployments.h"
#include "provisioner/cli/exit_codes.h"
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

/// Nothing when there is no such deployment any more.
std::optional<std::string> watched(Context& context, const std::string& name, const View& view,
                                   std::optional<std::int64_t> now_ms) {
  if (name.empty()) return list_text(context, view, now_ms);
  auto record = context.store().deployment(name);
  if (!record) return std::nullopt;
  return status_text(context, *record, view, now_ms);
}

}  // namespace

int watch_deployments(Context& context, const std::string& name, const View& view,
                      std::int64_t interval_ms) {
  if (!name.empty()) context.deployment(name);  // says what exists
  auto& out = context.out();
  const auto stop = context.stop();
  const bool live = detect_terminal(STDOUT_FILENO).live;
  std::optional<std::string> last;
  {
    std::optional<Screen> screen;
    if (live) screen.emplace(out, STDOUT_FILENO);
    while (!stop.stop_requested() && out) {
      auto now = live ? std::optional(context.clock().wall_ms()) : std::nullopt;
      auto text = watched(context, name, view, now);
      if (!text) break;
      if (live) {
        screen->draw(*text);
      } else if (text != last) {
        out << (last ? "\n" : "") << *text << std::flush;
        if (!out) break;  // the reader is gone
      }
      last = text;
      pause_for(std::chrono::milliseconds(interval_ms), stop);
    }
  }
  if (live && last) out << *last << std::flush;  // on the user's own screen
  if (stop.stop_requested() || !out) return static_cast<int>(ExitCode::interrupted);
  context.talk() << "muster: '" << name << "' is gone\n";
  return kDone;
}

}  // namespace muster
