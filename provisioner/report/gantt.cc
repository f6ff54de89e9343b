#include "provisioner/report/gantt.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

#include "provisioner/base/text.h"
#include "provisioner/report/columns.h"
#include "provisioner/report/escape.h"

namespace muster {

namespace {

// In units of the drawing, which are pixels where the page is wide enough.
constexpr int kWidth = 1200;
constexpr int kNames = 200;  // the column of names
constexpr int kMargin = 24;  // half of the last label
constexpr int kAxis = 22;
constexpr int kPlot = kWidth - kNames - kMargin;
constexpr double kLetter = 5.6;  // the width of one in a bar
constexpr double kThinnest = 1;
constexpr std::size_t kNameColumns = 30;
constexpr std::int64_t kMostTicks = 10;
constexpr std::size_t kMostTasksNamed = 8;
constexpr std::size_t kMostOfTip = 300;

/// Rows get lower where there are many of them.
int row_height(std::size_t nodes) { return nodes <= 50 ? 24 : nodes <= 120 ? 18 : 14; }

std::string number(double value) {
  char out[32];
  std::snprintf(out, sizeof out, "%.1f", value);
  return out;
}

std::string attribute(const char* name, double value) {
  return std::string(" ") + name + "=\"" + number(value) + "\"";
}

/// Of a round number of time.
std::int64_t tick_of(std::int64_t length_ms) {
  constexpr std::array<std::int64_t, 19> kTicks{
      10,     20,     50,     100,     200,     500,     1000,      2000,      5000,     10'000,
      15'000, 30'000, 60'000, 120'000, 300'000, 600'000, 1'200'000, 1'800'000, 3'600'000};
  for (auto tick : kTicks) {
    if (length_ms / tick <= kMostTicks) return tick;
  }
  return (length_ms / kMostTicks / kTicks.back() + 1) * kTicks.back();
}

const char* class_of(const TimelineStep& step) {
  if (!step.outcome) return "cut";
  switch (*step.outcome) {
    case Outcome::changed:
      return "changed";
    case Outcome::unchanged:
      return "unchanged";
    case Outcome::failed:
      return "failed";
    case Outcome::timed_out:
      return "timed-out";
    case Outcome::skipped:
    case Outcome::canceled:
      break;
  }
  return "canceled";
}

/// What a bar says when the mouse is on it.
std::string title_of(const TimelineStep& step) {
  auto text = step.what + " on " + step.node + "\n" +
              (step.outcome ? to_string(*step.outcome) : "never ended") + ", " +
              format_ms(step.end_ms - step.begin_ms) + " (from " + axis_label(step.begin_ms) + ")";
  if (!step.failed() && !step.end.message.empty()) text += "\n" + step.end.message;
  for (std::size_t i = 0; i < std::min(step.changed_tasks.size(), kMostTasksNamed); ++i) {
    text += "\n  " + step.changed_tasks[i];
  }
  if (step.changed_tasks.size() > kMostTasksNamed) text += "\n  ...";
  if (!step.failed()) return text;
  if (!step.end.task.empty()) text += "\ntask: " + step.end.task;
  auto why = step.end.message.empty() ? first_line(step.end.output) : step.end.message;
  return text + "\n" + why.substr(0, kMostOfTip);
}

class Drawing {
 public:
  explicit Drawing(const Timeline& timeline)
      : timeline_(timeline),
        length_ms_(std::max<std::int64_t>(timeline.length_ms, 1)),
        row_(row_height(timeline.nodes.size())),
        bottom_(kAxis + row_ * static_cast<int>(timeline.nodes.size())) {
    for (const auto& node : timeline.nodes) {
      tops_.emplace(node, kAxis + row_ * static_cast<int>(tops_.size()));
    }
    for (const auto& step : timeline.steps) {
      if (step.failed()) failed_[step.node] = true;
    }
  }

  std::string svg() {
    auto height = bottom_ + kAxis;
    out_ = "<svg class=\"gantt\" viewBox=\"0 0 " + std::to_string(kWidth) + " " +
           std::to_string(height) + "\" role=\"img\" aria-label=\"what each node did when\">\n" +
           "<defs><pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
           "patternTransform=\"rotate(45)\"><rect width=\"6\" height=\"6\" fill=\"#f3e3b3\"/><rect "
           "width=\"3\" height=\"6\" fill=\"#d3a52a\"/></pattern></defs>\n";
    for (const auto& node : timeline_.nodes) add_row(node);
    add_axis();
    for (const auto& step : timeline_.steps) add_bar(step);
    return out_ + "</svg>\n";
  }

 private:
  double x_of(std::int64_t ms) const {
    return kNames + kPlot * static_cast<double>(ms) / static_cast<double>(length_ms_);
  }

  void add_row(const std::string& node) {
    const int top = tops_.at(node);
    const bool odd = (top - kAxis) / row_ % 2 == 1;
    if (odd) {
      out_ += "<rect class=\"stripe\" x=\"0\" y=\"" + std::to_string(top) + "\" width=\"" +
              std::to_string(kWidth) + "\" height=\"" + std::to_string(row_) + "\"/>";
    }
    out_ += std::string("<text class=\"node") + (failed_.contains(node) ? " bad" : "") +
            (row_ < 20 ? " small" : "") + "\"" + attribute("x", kNames - 8) +
            attribute("y", top + row_ / 2.0) + "><title>" + escape_markup(node) + "</title>" +
            escape_markup(elide_middle(node, kNameColumns)) + "</text>\n";
  }

  void add_axis() {
    const auto tick = tick_of(length_ms_);
    for (std::int64_t at = 0; at <= length_ms_; at += tick) {
      const auto x = attribute("x", x_of(at));
      out_ += "<line class=\"grid\"" + attribute("x1", x_of(at)) + attribute("x2", x_of(at)) +
              attribute("y1", kAxis) + attribute("y2", bottom_) + "/>";
      // Below as well: the top of a long one is out of sight.
      for (int y : {kAxis - 7, bottom_ + 15}) {
        out_ += "<text class=\"tick\"" + x + attribute("y", y) + ">" + axis_label(at) + "</text>";
      }
    }
    out_ += "\n";
  }

  void add_bar(const TimelineStep& step) {
    const auto begin = x_of(step.begin_ms);
    const auto width = std::max(x_of(step.end_ms) - begin, kThinnest);
    const auto top = tops_.at(step.node);
    out_ += std::string("<rect class=\"bar ") + class_of(step) + "\" data-step=\"" +
            escape_markup(step.title) + "\"" + attribute("x", begin) + attribute("y", top + 2) +
            attribute("width", width) + attribute("height", row_ - 4) + "><title>" +
            escape_markup(title_of(step)) + "</title></rect>";
    if (static_cast<double>(columns(step.what)) * kLetter + 6 < width && row_ >= 18) {
      out_ += std::string("<text class=\"in ") + class_of(step) + "\"" + attribute("x", begin + 4) +
              attribute("y", top + row_ / 2.0) + ">" + escape_markup(step.what) + "</text>";
    }
    out_ += "\n";
  }

  const Timeline& timeline_;
  std::int64_t length_ms_;
  int row_;
  int bottom_;
  std::map<std::string, int> tops_;  // by node
  std::map<std::string, bool> failed_;
  std::string out_;
};

}  // namespace

std::string axis_label(std::int64_t ms) {
  if (ms < 60'000) {
    char out[32];
    std::snprintf(out, sizeof out, "%g", static_cast<double>(ms) / 1000);
    return std::string(out) + "s";
  }
  auto hours = ms / 3'600'000;
  auto minutes = ms / 60'000 % 60;
  auto rest = ms / 1000 % 60;
  return (hours > 0 ? std::to_string(hours) + "h" : "") + std::to_string(minutes) + "m" +
         (rest > 0 ? std::to_string(rest) + "s" : "");
}

std::string gantt_svg(const Timeline& timeline) {
  if (timeline.steps.empty()) return "<p>No step began.</p>\n";
  return Drawing(timeline).svg();
}

}  // namespace muster
