#include "provisioner/report/html_report.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "provisioner/base/clock.h"
#include "provisioner/base/error.h"
#include "provisioner/base/resources.h"
#include "provisioner/base/text.h"
#include "provisioner/report/columns.h"
#include "provisioner/report/escape.h"
#include "provisioner/report/gantt.h"
#include "provisioner/report/progress.h"
#include "provisioner/report/timeline.h"

namespace muster {

namespace {

constexpr std::size_t kSlowest = 15;
constexpr std::size_t kMostSaid = 200;

/// An element with `content`, which is markup.
std::string tag(const std::string& name, const std::string& content,
                const std::string& attributes = "") {
  return "<" + name + (attributes.empty() ? "" : " " + attributes) + ">" + content + "</" +
         name.substr(0, name.find(' ')) + ">";
}

std::string class_named(const std::string& name) { return "class=\"" + name + "\""; }

/// Rows of text; a column named here has numbers.
class HtmlTable {
 public:
  HtmlTable(const std::string& name, const std::vector<std::string>& header,
            std::size_t numbers_from)
      : name_(name), numbers_from_(numbers_from) {
    std::string cells;
    for (std::size_t i = 0; i < header.size(); ++i) cells += cell("th", header[i], i);
    head_ = tag("thead", tag("tr", cells));
  }

  void add(const std::vector<std::string>& texts) {
    std::string cells;
    for (std::size_t i = 0; i < texts.size(); ++i) cells += cell("td", texts[i], i);
    rows_ += tag("tr", cells) + "\n";
  }

  std::string html() const {
    return tag("table", head_ + "\n" + tag("tbody", rows_), "id=\"" + name_ + "\"") + "\n";
  }

 private:
  std::string cell(const char* kind, const std::string& text, std::size_t column) const {
    return tag(kind, escape_markup(text), column >= numbers_from_ ? class_named("number") : "");
  }

  std::string name_;
  std::size_t numbers_from_;
  std::string head_;
  std::string rows_;
};

std::string section(const std::string& title, const std::string& content) {
  return tag("section", tag("h2", title) + "\n" + content) + "\n";
}

/// "done", and how it looks.
std::pair<std::string, std::string> result_of(const RunReport& report) {
  if (report.result == "done") return {"done", "good"};
  if (report.result == "failed") return {"failed", "bad"};
  if (report.result.empty()) return {"did not end", "odd"};
  return {report.result, "odd"};
}

std::string counts_of(const Timeline& timeline) {
  auto counts = counts_text([&](Outcome outcome) { return timeline.count(outcome); });
  auto cut = std::count_if(timeline.steps.begin(), timeline.steps.end(),
                           [](const TimelineStep& step) { return !step.outcome; });
  if (cut > 0) counts += (counts.empty() ? "" : ", ") + std::to_string(cut) + " never ended";
  auto all = timeline.steps.size() + timeline.not_begun.size();
  return std::to_string(all) + (counts.empty() ? "" : ": " + counts);
}

std::string header(const RunReport& report, const Timeline& timeline) {
  auto [result, look] = result_of(report);
  std::string facts;
  auto fact = [&](const std::string& name, const std::string& text) {
    if (!text.empty()) facts += tag("div", tag("dt", name) + tag("dd", escape_markup(text)));
  };
  bool ended = report.finished_ms != 0;
  auto length = ended ? report.finished_ms - report.started_ms : timeline.length_ms;
  fact("tenant", report.tenant);
  fact("run", std::to_string(report.run));
  fact("began", format_time(report.started_ms));
  fact("took", (ended ? "" : "at least ") + format_ms(length));
  fact("nodes", std::to_string(timeline.nodes.size()));
  fact("steps", counts_of(timeline));
  fact("Kubernetes", report.kubernetes_version);
  fact("page made by", "muster " + report.muster_version);
  return tag("header",
             tag("h1", escape_markup(report.deployment) + " " +
                           tag("span", escape_markup(result), class_named("badge " + look))) +
                 "\n" + tag("p", tag("code", escape_markup(report.command))) + "\n" +
                 tag("dl", facts)) +
         "\n";
}

std::string failure(const TimelineStep& step) {
  const auto& end = step.end;
  std::string facts;
  auto fact = [&](const std::string& name, const std::string& content) {
    facts += tag("div", tag("dt", name) + tag("dd", content));
  };
  if (!end.task.empty()) fact("task", escape_markup(end.task));
  if (!end.command.empty()) fact("command", tag("code", escape_markup(end.command)));
  if (end.exit_code != 0) fact("exit code", std::to_string(end.exit_code));
  fact("after", format_ms(step.end_ms - step.begin_ms));
  return tag("article", tag("h3", escape_markup(step.what + " on " + step.node + ": " +
                                                words(*step.outcome))) +
                            (end.message.empty() ? "" : tag("p", escape_markup(end.message))) +
                            tag("dl", facts) +
                            (end.output.empty() ? "" : tag("pre", escape_markup(end.output)))) +
         "\n";
}

std::string failures(const Timeline& timeline) {
  std::string articles;
  for (const auto& step : timeline.steps) {
    if (step.failed()) articles += failure(step);
  }
  return articles.empty() ? "" : section("Failures", tag("div", articles, "id=\"failures\""));
}

/// Of nodes that are alike one row: "what", why or how, nodes.
class Alike {
 public:
  void add(const std::string& what, const std::string& how, const std::string& node) {
    auto [found, fresh] = nodes_.try_emplace({what, how});
    if (fresh) order_.push_back(found->first);
    found->second.push_back(node);
  }
  bool empty() const { return order_.empty(); }

  std::string html(const std::string& name, const std::vector<std::string>& titles) {
    HtmlTable table(name, titles, titles.size());
    for (const auto& key : order_) {
      auto& nodes = nodes_.at(key);
      std::sort(nodes.begin(), nodes.end());
      auto count = nodes.size() > 4 ? std::to_string(nodes.size()) + " nodes: " : "";
      table.add({key.first, key.second, count + join(nodes, ", ")});
    }
    return table.html();
  }

 private:
  using Key = std::pair<std::string, std::string>;
  std::map<Key, std::vector<std::string>> nodes_;
  std::vector<Key> order_;
};

std::string changes(const Timeline& timeline) {
  Alike alike;
  for (const auto& step : timeline.steps) {
    if (step.outcome != Outcome::changed && step.changed_tasks.empty()) continue;
    bool whole_node = step.end.role.empty();
    alike.add(step.what, whole_node ? "the node itself" : join(step.changed_tasks, ", "),
              step.node);
  }
  return section("What changed",
                 alike.empty()
                     ? "<p>Nothing.</p>\n"
                     : alike.html("changes", {"Role", "Tasks that changed something", "Nodes"}));
}

std::string not_begun(const Timeline& timeline) {
  Alike alike;
  for (const auto& event : timeline.not_begun) {
    alike.add(what_of(event),
              event.outcome == Outcome::skipped ? "it needs what failed" : words(event.outcome),
              event.node);
  }
  return alike.empty() ? ""
                       : section("Not begun", alike.html("not-begun", {"Role", "Why", "Nodes"}));
}

std::string slowest(const Timeline& timeline) {
  std::vector<const TimelineStep*> steps;
  for (const auto& step : timeline.steps) steps.push_back(&step);
  auto length = [](const TimelineStep* step) { return step->end_ms - step->begin_ms; };
  std::stable_sort(steps.begin(), steps.end(),
                   [&](const auto* a, const auto* b) { return length(a) > length(b); });
  if (steps.size() > kSlowest) steps.resize(kSlowest);
  HtmlTable table("slowest", {"Step", "Node", "Outcome", "Began", "Took"}, 3);
  for (const auto* step : steps) {
    table.add({step->what, step->node, step->outcome ? words(*step->outcome) : "never ended",
               axis_label(step->begin_ms), format_ms(length(step))});
  }
  return tag("h3", "The slowest steps") + "\n" + table.html();
}

std::string by_kind(const Timeline& timeline) {
  std::map<std::string, std::vector<std::int64_t>> kinds;
  for (const auto& step : timeline.steps) kinds[step.what].push_back(step.end_ms - step.begin_ms);
  std::vector<std::pair<std::int64_t, std::string>> order;  // by the median
  for (auto& [what, times] : kinds) {
    std::sort(times.begin(), times.end());
    order.emplace_back(-times[times.size() / 2], what);
  }
  std::sort(order.begin(), order.end());
  HtmlTable table("kinds", {"Role", "Times", "Shortest", "Median", "Longest"}, 1);
  for (const auto& [median, what] : order) {
    const auto& times = kinds.at(what);
    table.add({what, std::to_string(times.size()), format_ms(times.front()), format_ms(-median),
               format_ms(times.back())});
  }
  return tag("h3", "By role") + "\n" + table.html();
}

std::string durations(const Timeline& timeline) {
  if (timeline.steps.empty()) return "";
  return section("How long it took",
                 tag("div", tag("div", slowest(timeline)) + "\n" + tag("div", by_kind(timeline)),
                     class_named("beside")));
}

std::string said(const Timeline& timeline) {
  if (timeline.said.empty()) return "";
  HtmlTable table("said", {"After", "Node", "What"}, 3);
  for (std::size_t i = 0; i < std::min(timeline.said.size(), kMostSaid); ++i) {
    const auto& event = timeline.said[i];
    table.add({axis_label(std::max<std::int64_t>(event.time_ms - timeline.started_ms, 0)),
               event.node, (event.type == EventType::warning ? "warning: " : "") + event.message});
  }
  auto more = timeline.said.size() > kMostSaid
                  ? tag("p", "and " + std::to_string(timeline.said.size() - kMostSaid) + " more")
                  : "";
  return section("Notes and warnings", table.html() + more);
}

std::string legend() {
  std::string items;
  for (const auto& [name, text] : {std::pair{"changed", "changed something"},
                                   {"unchanged", "nothing to change"},
                                   {"failed", "failed"},
                                   {"timed-out", "timed out"},
                                   {"cut", "never ended"}}) {
    items += tag("span", tag("i", "", class_named(name)) + text);
  }
  return tag("p", items, class_named("legend")) + "\n";
}

}  // namespace

std::string html_report(const RunReport& report) {
  auto style = find_resource("provisioner/report/html_report.css");
  if (!style) bug("the style of reports is not in the binary");
  const auto timeline = timeline_of(report.events);
  auto title =
      report.deployment + ", run " + std::to_string(report.run) + ": " + result_of(report).first;
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         // Nothing is loaded and no script runs, should something have slipped through.
         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
         "'unsafe-inline'\">\n<meta name=\"viewport\" content=\"width=device-width, "
         "initial-scale=1\">\n" +
         tag("title", escape_markup(title)) + "\n" + tag("style", std::string(*style)) +
         "\n</head>\n<body>\n" + header(report, timeline) + failures(timeline) +
         section("When each node did what", legend() + gantt_svg(timeline)) + changes(timeline) +
         not_begun(timeline) + durations(timeline) + said(timeline) + "</body>\n</html>\n";
}

}  // namespace muster
