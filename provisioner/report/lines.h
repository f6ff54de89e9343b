#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "provisioner/report/progress.h"

namespace muster {

/// Events as lines of text, for any number of runs at once: everything that people read but the
/// terminal's handling.
class Lines {
 public:
  /// `brief`: what went well is left to the status.
  Lines(bool color, bool verbose, bool brief = false)
      : color_(color), verbose_(verbose), brief_(brief) {}

  /// The whole lines that `event` is worth, often none.
  std::string on(const Event& event);

  /// One line on what runs now, at most `width` columns; empty when no run does.
  std::string status(std::int64_t now_ms, std::size_t width) const;

  /// The same with a line for each run, at most `rows` of `width` columns: when they do not fit,
  /// the last one counts the others.
  std::vector<std::string> status_of_each(std::int64_t now_ms, std::size_t width,
                                          std::size_t rows) const;

  /// A line for each step that has been running for another `every_ms` since this was last asked:
  /// where nothing redraws, a long step must not look like a dead one.
  std::string still_running(std::int64_t now_ms, std::int64_t every_ms);

 private:
  std::string step_line(const Event& event, const Progress& run);
  std::string task_line(const Event& event);
  std::string start_line(const Event& event);
  std::string remark(const Event& event);
  std::string columns_of(const Event& event);
  std::string prefix(const Event& event);
  std::string what(const std::string& text);
  std::string colored(Outcome outcome, std::size_t width) const;

  bool color_;
  bool verbose_;
  bool brief_;
  std::int64_t asked_ms_ = 0;             // when still_running was last asked
  std::size_t what_width_ = 19;           // of the widest role so far, at least that
  std::size_t prefix_width_ = 0;          // of the widest cluster/node so far
  std::map<std::string, Progress> runs_;  // by deployment, those that have not finished
};

}  // namespace muster
