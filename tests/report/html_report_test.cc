#include "provisioner/report/html_report.h"

#include <doctest/doctest.h>

#include <regex>

#include "provisioner/report/gantt.h"
#include "provisioner/report/timeline.h"

using namespace muster;

namespace {

constexpr std::int64_t kStart = 1'600'000'000'000;

/// An event of "apply ROLE on NODE", so many milliseconds after the run began.
Event event(EventType type, std::int64_t at, const std::string& node, const std::string& role) {
  Event event;
  event.type = type;
  event.time_ms = kStart + at;
  event.deployment = "demo";
  event.node = node;
  event.verb = "apply";
  event.role = role;
  event.step = "apply " + role + " on " + node;
  return event;
}

Event started(std::int64_t at, const std::string& node, const std::string& role) {
  return event(EventType::step_started, at, node, role);
}

Event ended(std::int64_t at, const std::string& node, const std::string& role, Outcome outcome) {
  auto end = event(EventType::step_finished, at, node, role);
  end.outcome = outcome;
  return end;
}

Event changed(std::int64_t at, const std::string& node, const std::string& task) {
  auto done = event(EventType::task_finished, at, node, "any");
  done.outcome = Outcome::changed;
  done.task = task;
  return done;
}

/// Two nodes: one is done, one fails in its second role, so that a third is skipped.
std::vector<Event> run_with_failure(const std::string& said) {
  auto failed = ended(4'000, "b", "etcd", Outcome::failed);
  failed.task = "start etcd";
  failed.command = "systemctl start " + said;
  failed.exit_code = 3;
  failed.output = said;
  failed.message = "it said " + said;
  auto skipped = ended(4'000, "b", "k8s-master", Outcome::skipped);
  return {started(0, "b", "base"),
          started(0, "a", "base"),
          changed(500, "a", "packages"),
          changed(900, "a", "settings " + said),
          ended(1'000, "a", "base", Outcome::changed),
          ended(2'000, "b", "base", Outcome::unchanged),
          started(2'000, "b", "etcd"),
          failed,
          skipped};
}

RunReport report_of(std::vector<Event> events) {
  RunReport report;
  report.deployment = "demo";
  report.tenant = "blue";
  report.run = 7;
  report.command = "muster apply demo.json";
  report.result = "failed";
  report.started_ms = kStart;
  report.finished_ms = kStart + 4'200;
  report.muster_version = "9.8.7";
  report.kubernetes_version = "v1.20.2";
  report.events = std::move(events);
  return report;
}

bool has(const std::string& page, const std::string& text) {
  return page.find(text) != std::string::npos;
}

std::size_t count(const std::string& page, const std::string& text) {
  std::size_t found = 0;
  for (auto at = page.find(text); at != std::string::npos; at = page.find(text, at + 1)) ++found;
  return found;
}

/// A number behind `name="` in the tag of the bar of a step.
double number_of(const std::string& svg, const std::string& step, const std::string& name) {
  auto at = svg.find("data-step=\"" + step + "\"");
  REQUIRE(at != std::string::npos);
  auto from = svg.find(" " + name + "=\"", at);
  return std::stod(svg.substr(from + name.size() + 3));
}

}  // namespace

TEST_CASE("timeline: a bar for each step that began, from its start to its end") {
  auto timeline = timeline_of(run_with_failure("no"));
  CHECK(timeline.nodes == std::vector<std::string>{"a", "b"});
  REQUIRE(timeline.steps.size() == 3);
  const auto& base = timeline.steps[1];
  CHECK(base.node == "a");
  CHECK(base.what == "base");
  CHECK(base.begin_ms == 0);
  CHECK(base.end_ms == 1'000);
  CHECK(base.outcome == Outcome::changed);
  CHECK(base.changed_tasks == std::vector<std::string>{"packages", "settings no"});
  CHECK(timeline.steps[2].failed());
  CHECK(timeline.not_begun.size() == 1);
  CHECK(timeline.count(Outcome::skipped) == 1);
  CHECK(timeline.count(Outcome::failed) == 1);
  CHECK(timeline.length_ms == 4'000);
}

TEST_CASE("timeline: a step whose muster was killed lasts to the last that was heard") {
  auto timeline = timeline_of({started(0, "a", "base"), started(100, "b", "base"),
                               ended(3'000, "b", "base", Outcome::changed)});
  REQUIRE(timeline.steps.size() == 2);
  CHECK_FALSE(timeline.steps[0].outcome);
  CHECK(timeline.steps[0].end_ms == 3'000);
  CHECK_FALSE(timeline.steps[0].failed());
}

TEST_CASE("timeline: a wall clock that is set back makes no step end before it began") {
  auto timeline =
      timeline_of({started(5'000, "a", "base"), ended(2'000, "a", "base", Outcome::changed),
                   started(2'500, "a", "etcd"), ended(6'000, "a", "etcd", Outcome::changed)});
  for (const auto& step : timeline.steps) {
    CHECK(step.begin_ms >= 0);
    CHECK(step.end_ms >= step.begin_ms);
  }
  CHECK(timeline.length_ms == 1'000);
}

TEST_CASE("timeline: a canceled step is not the one that its node does") {
  auto timeline = timeline_of({started(0, "a", "base"), ended(100, "a", "etcd", Outcome::canceled),
                               ended(900, "a", "base", Outcome::changed)});
  REQUIRE(timeline.steps.size() == 1);
  CHECK(timeline.steps[0].outcome == Outcome::changed);
  CHECK(timeline.not_begun.size() == 1);
}

TEST_CASE("timeline: what a failed task said is the step's when the step leaves it out") {
  auto task = event(EventType::task_finished, 10, "a", "base");
  task.outcome = Outcome::failed;
  task.task = "packages";
  task.exit_code = 100;
  task.output = "no such package";
  auto timeline =
      timeline_of({started(0, "a", "base"), task, ended(20, "a", "base", Outcome::failed)});
  const auto& end = timeline.steps.at(0).end;
  CHECK(end.task == "packages");
  CHECK(end.exit_code == 100);
  CHECK(end.output == "no such package");
}

TEST_CASE("timeline: nothing happened") {
  auto timeline = timeline_of({});
  CHECK(timeline.steps.empty());
  CHECK(timeline.length_ms == 0);
}

TEST_CASE("gantt: bars lie on their node's row, as long as the step took") {
  auto svg = gantt_svg(timeline_of(run_with_failure("no")));
  CHECK(count(svg, "<rect class=\"bar ") == 3);
  auto width = number_of(svg, "apply base on b", "width");
  CHECK(number_of(svg, "apply base on a", "width") == doctest::Approx(width / 2).epsilon(0.01));
  CHECK(number_of(svg, "apply etcd on b", "x") ==
        doctest::Approx(number_of(svg, "apply base on b", "x") + width).epsilon(0.01));
  CHECK(number_of(svg, "apply etcd on b", "y") == number_of(svg, "apply base on b", "y"));
  CHECK(number_of(svg, "apply base on a", "y") < number_of(svg, "apply base on b", "y"));
  CHECK(has(svg, "class=\"bar failed\""));
  CHECK(has(svg, "class=\"bar unchanged\""));
}

TEST_CASE("gantt: a step that took no time can be seen") {
  auto svg = gantt_svg(
      timeline_of({started(0, "a", "base"), ended(0, "a", "base", Outcome::changed),
                   started(0, "a", "etcd"), ended(90'000, "a", "etcd", Outcome::changed)}));
  CHECK(number_of(svg, "apply base on a", "width") >= 1);
}

TEST_CASE("gantt: a run that took no time at all is drawn") {
  auto svg = gantt_svg(timeline_of({started(0, "a", "base")}));
  CHECK(count(svg, "<rect class=\"bar cut\"") == 1);
  CHECK_FALSE(has(svg, "nan"));
  CHECK_FALSE(has(svg, "inf"));
}

TEST_CASE("gantt: few ticks, whatever the length") {
  for (std::int64_t length : {1, 90, 2'000, 61'000, 3'000'000, 400'000'000}) {
    auto svg = gantt_svg(
        timeline_of({started(0, "a", "base"), ended(length, "a", "base", Outcome::changed)}));
    CAPTURE(length);
    CHECK(count(svg, "class=\"grid\"") >= 1);
    CHECK(count(svg, "class=\"grid\"") <= 21);
  }
}

TEST_CASE("gantt: places on the axis") {
  CHECK(axis_label(0) == "0s");
  CHECK(axis_label(1'500) == "1.5s");
  CHECK(axis_label(60'000) == "1m");
  CHECK(axis_label(90'000) == "1m30s");
  CHECK(axis_label(7'260'000) == "2h1m");
}

TEST_CASE("report: says what run it is") {
  auto page = html_report(report_of(run_with_failure("no")));
  CHECK(has(page, "<title>demo, run 7: failed</title>"));
  CHECK(has(page, "<dt>tenant</dt><dd>blue</dd>"));
  CHECK(has(page, "<code>muster apply demo.json</code>"));
  CHECK(has(page, "<dd>2020-09-13T12:26:40.000Z</dd>"));
  CHECK(has(page, "<dd>4.2s</dd>"));
  CHECK(has(page, "<dd>v1.20.2</dd>"));
  CHECK(has(page, "<dd>muster 9.8.7</dd>"));
  CHECK(has(page, "<dd>4: 1 changed, 1 unchanged, 1 failed, 1 skipped</dd>"));
}

TEST_CASE("report: what changed, what failed and why, what was not begun") {
  auto page = html_report(report_of(run_with_failure("no")));
  CHECK(has(page, "<tr><td>base</td><td>packages, settings no</td><td>a</td></tr>"));
  CHECK(has(page, "<h3>etcd on b: failed</h3><p>it said no</p>"));
  CHECK(has(page, "<dt>task</dt><dd>start etcd</dd>"));
  CHECK(has(page, "<dt>command</dt><dd><code>systemctl start no</code></dd>"));
  CHECK(has(page, "<dt>exit code</dt><dd>3</dd>"));
  CHECK(has(page, "<pre>no</pre>"));
  CHECK(has(page, "<tr><td>k8s-master</td><td>it needs what failed</td><td>b</td></tr>"));
}

TEST_CASE("report: nodes that are alike are one row") {
  std::vector<Event> events;
  for (const char* node : {"e", "d", "c", "b", "a"}) {
    events.push_back(started(0, node, "base"));
    events.push_back(changed(1, node, "packages"));
    events.push_back(ended(2, node, "base", Outcome::changed));
  }
  auto page = html_report(report_of(events));
  CHECK(has(page, "<tr><td>base</td><td>packages</td><td>5 nodes: a, b, c, d, e</td></tr>"));
}

TEST_CASE("report: what nodes say is text, wherever it stands") {
  const std::string hostile = "</pre><script>alert(1)</script><img src=http://evil.example/x>\xFF";
  auto page = html_report(report_of(run_with_failure(hostile)));
  CHECK_FALSE(has(page, "<script"));
  CHECK_FALSE(has(page, "<img"));
  CHECK(has(page, "&lt;script&gt;alert(1)&lt;/script&gt;"));
  CHECK(count(page, "\xFF") == 0);
  CHECK(count(page, "</pre>") == 1);
}

TEST_CASE("report: refers to nothing outside, and forbids it") {
  auto page = html_report(report_of(run_with_failure("no")));
  CHECK(has(page, "content=\"default-src 'none'; style-src 'unsafe-inline'\""));
  CHECK_FALSE(std::regex_search(page, std::regex("(src|href)=|url\\([^#]|@import")));
}

TEST_CASE("report: a run that did not end says so") {
  auto report = report_of({started(0, "a", "base"), ended(700, "a", "base", Outcome::unchanged),
                           started(700, "a", "etcd")});
  report.result = "";
  report.finished_ms = 0;
  auto page = html_report(report);
  CHECK(has(page, ">did not end</span>"));
  CHECK(has(page, "<dd>at least 700ms</dd>"));
  CHECK(has(page, "<dd>2: 1 unchanged, 1 never ended</dd>"));
  CHECK(has(page, "<p>Nothing.</p>"));
}

TEST_CASE("report: a run of which nothing is known is a page all the same") {
  auto page = html_report(report_of({}));
  CHECK(has(page, "No step began."));
  CHECK(has(page, "</html>"));
}
