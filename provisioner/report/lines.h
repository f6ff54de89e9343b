#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "provisioner/report/progress.h"

namespace muster {

/// Events as lines of text, for any number of runs at once: everything that people read but the
/// terminal's handling.
class Lines {
 public:
  Lines(bool color, bool verbose) : color_(color), verbose_(verbose) {}

  /// The whole lines that `event` is worth, often none.
  std::string on(const Event& event);

  /// One line on what runs now, at most `width` columns; empty when no run does.
  std::string status(std::int64_t now_ms, std::size_t width) const;

 private:
  std::string step_line(const Event& event, const Progress& run);
  std::string task_line(const Event& event);
  std::string remark(const Event& event);
  std::string columns_of(const Event& event);
  std::string prefix(const Event& event);
  std::string colored(Outcome outcome, std::size_t width) const;

  bool color_;
  bool verbose_;
  std::size_t prefix_width_ = 0;          // of the widest cluster/node so far
  std::map<std::string, Progress> runs_;  // by deployment, those that have not finished
};

}  // namespace muster
