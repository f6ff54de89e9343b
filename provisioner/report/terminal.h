#pragma once

#include <memory>
#include <ostream>

#include "provisioner/events/event.h"

namespace muster {

struct TerminalOptions {
  bool live = false;  ///< redraw a status line: only on a terminal that can
  bool color = false;
  int width = 80;
  int height = 24;
  bool verbose = false;  ///< a line for each changed task as well
  bool many = false;     ///< several runs at once; live: a status line for each of them
  int still_ms = 0;      ///< not live: a line about each step that takes another so long; 0: never
  int fd = -1;           ///< asked for its size at each redraw, since windows are resized
};

/// What the terminal at `fd` can do: isatty, TERM=dumb, NO_COLOR, width.
TerminalOptions detect_terminal(int fd);

/// For people: one line for each finished step, prefixed with cluster/node; a failure's whole
/// output once; a live status line (done/total, what runs now, time) when `live`; counts and time
/// at the end. Where many runs have a live line each, steps that went well have none.
std::unique_ptr<Reporter> make_terminal_reporter(std::ostream& out, const TerminalOptions& options);

/// For programs: event_json a line.
std::unique_ptr<Reporter> make_json_reporter(std::ostream& out);

}  // namespace muster
