#include "provisioner/report/trace.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>
#include <sys/resource.h>

#include <csignal>
#include <map>
#include <nlohmann/json.hpp>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/process.h"
#include "tests/support/folder.h"

using namespace muster;
using nlohmann::json;

namespace {

/// A trace that is being written, and what is in its file now.
struct Trace {
  TestFolder folder;
  std::string file = folder / "trace.json";
  std::unique_ptr<Reporter> reporter = make_trace_reporter(file);

  void on(const Event& event) const { reporter->on(event); }
  json events() const { return json::parse(read_file(file)).at("traceEvents"); }
  /// Those of one phase.
  std::vector<json> of(const std::string& phase) const {
    std::vector<json> found;
    for (const auto& event : events()) {
      if (event.at("ph") == phase) found.push_back(event);
    }
    return found;
  }
  /// "name begin dur" of each slice, in milliseconds.
  std::vector<std::string> slices() const {
    std::vector<std::string> lines;
    for (const auto& slice : of("X")) {
      lines.push_back(slice.at("name").get<std::string>() + " " +
                      std::to_string(slice.at("ts").get<std::int64_t>() / 1000) + " " +
                      std::to_string(slice.at("dur").get<std::int64_t>() / 1000));
    }
    return lines;
  }
};

Event traced(EventType type, std::int64_t time_ms, const std::string& node = "",
             const std::string& role = "") {
  Event event;
  event.type = type;
  event.time_ms = 1'600'000'000'000 + time_ms;
  event.deployment = "demo";
  event.node = node;
  event.verb = role.empty() ? "create" : "apply";
  event.role = role;
  return event;
}

Event trace_ended(std::int64_t time_ms, const std::string& node, const std::string& role,
                  Outcome outcome = Outcome::changed) {
  auto finished = traced(EventType::step_finished, time_ms, node, role);
  finished.outcome = outcome;
  return finished;
}

Event task(std::int64_t time_ms, const std::string& node, const std::string& name,
           std::int64_t ms) {
  auto finished = traced(EventType::task_finished, time_ms, node, "etcd");
  finished.task = name;
  finished.ms = ms;
  return finished;
}

using Texts = std::vector<std::string>;

/// Every slice of a row lies inside or outside of every other one.
void check_nesting(const std::vector<json>& slices) {
  for (const auto& a : slices) {
    RC_ASSERT(a.at("ts").get<std::int64_t>() >= 0);
    RC_ASSERT(a.at("dur").get<std::int64_t>() >= 0);
    for (const auto& b : slices) {
      if (a.at("pid") != b.at("pid") || a.at("tid") != b.at("tid")) continue;
      auto begin = a.at("ts").get<std::int64_t>();
      auto end = begin + a.at("dur").get<std::int64_t>();
      auto other = b.at("ts").get<std::int64_t>();
      auto other_end = other + b.at("dur").get<std::int64_t>();
      bool apart = end <= other || other_end <= begin;
      bool inside = (begin <= other && other_end <= end) || (other <= begin && end <= other_end);
      RC_ASSERT((apart || inside));
    }
  }
}

}  // namespace

TEST_CASE("trace: steps are slices on the row of their node, tasks lie inside them") {
  Trace trace;
  trace.on(traced(EventType::run_started, 0));
  trace.on(traced(EventType::step_started, 10, "c-1", "etcd"));
  trace.on(task(40, "c-1", "files", 25));
  trace.on(task(100, "c-1", "start", 60));
  trace.on(trace_ended(110, "c-1", "etcd"));
  trace.on(traced(EventType::run_finished, 120));
  CHECK(trace.slices() == Texts{"etcd 10 100", "start 40 60", "files 15 25", "run 0 120"});
  auto slices = trace.of("X");
  CHECK(slices[0].at("tid") == slices[1].at("tid"));
  CHECK(slices[0].at("tid") != slices[3].at("tid"));
  CHECK(slices[0].at("cat") == "step");
  CHECK(slices[1].at("cat") == "task");
  CHECK(slices[0].at("args").at("outcome") == "changed");
}

TEST_CASE("trace: processes are deployments and rows are nodes, by name") {
  Trace trace;
  trace.on(traced(EventType::step_started, 0, "c-1"));
  auto other = traced(EventType::step_started, 1, "c-1");
  other.deployment = "other";
  trace.on(other);
  std::map<std::string, int> names;
  for (const auto& name : trace.of("M")) {
    ++names[name.at("name").get<std::string>() + " " + std::to_string(name.at("pid").get<int>()) +
            "." + std::to_string(name.at("tid").get<int>()) + " " +
            name.at("args").at("name").get<std::string>()];
  }
  CHECK(names == std::map<std::string, int>{{"process_name 1.0 demo", 1},
                                            {"thread_name 1.0 run", 1},
                                            {"thread_name 1.1 c-1", 1},
                                            {"process_name 2.0 other", 1},
                                            {"thread_name 2.0 run", 1},
                                            {"thread_name 2.1 c-1", 1}});
}

TEST_CASE("trace: tasks that are heard of together keep their lengths and stay in the step") {
  Trace trace;
  trace.on(traced(EventType::step_started, 0, "c-1", "etcd"));
  for (const auto* name : {"one", "two", "three"}) trace.on(task(100, "c-1", name, 40));
  trace.on(trace_ended(100, "c-1", "etcd"));
  CHECK(trace.slices() == Texts{"etcd 0 100", "three 60 40", "two 20 40", "one 0 20"});
}

TEST_CASE("trace: what failed is colored and says why, what was skipped is a mark") {
  Trace trace;
  trace.on(traced(EventType::step_started, 0, "c-1", "etcd"));
  auto failed = trace_ended(50, "c-1", "etcd", Outcome::failed);
  failed.task = "etcd is started";
  failed.exit_code = 3;
  failed.output = "\nno such unit\nmore";
  trace.on(failed);
  auto skipped = trace_ended(51, "w-1", "k8s-worker", Outcome::skipped);
  skipped.message = "because 'etcd on c-1' failed";
  trace.on(skipped);
  trace.on(trace_ended(52, "w-2", "k8s-worker", Outcome::canceled));  // never began
  REQUIRE(trace.of("X").size() == 1);
  auto slice = trace.of("X")[0];
  CHECK(slice.at("cname") == "terrible");
  CHECK(slice.at("args") == json::parse(R"({"outcome": "failed", "task": "etcd is started",
                                            "exit_code": 3, "message": "no such unit"})"));
  REQUIRE(trace.of("i").size() == 1);
  CHECK(trace.of("i")[0].at("name") == "k8s-worker skipped");
  CHECK(trace.of("i")[0].at("args").at("message") == skipped.message);
}

TEST_CASE("trace: any bytes make a file that can be read, whole after every event") {
  Trace trace;
  CHECK(trace.events().empty());
  auto odd = traced(EventType::note, 1, "a\"\n\xff");
  odd.message = "\x01 ]}";
  trace.on(odd);
  CHECK(trace.of("i")[0].at("args").at("message") == "\x01 ]}");
}

TEST_CASE("trace: slices nest and times grow, whatever the clock and the nodes say") {
  CHECK(rc::check([] {
    Trace trace;
    std::map<std::string, bool> busy;
    auto below = [](int end) { return *rc::gen::inRange(0, end); };
    std::int64_t now = 0;
    int steps = 0;
    trace.on(traced(EventType::run_started, 0));
    for (int i = 0; i < 40; ++i) {
      now += below(50) - 10;  // at times it is set back
      auto node = "n-" + std::to_string(below(3));
      if (!busy[node]) {
        trace.on(traced(EventType::step_started, now, node, "etcd"));
        busy[node] = true;
      } else if (below(3) == 0) {
        trace.on(trace_ended(now, node, "etcd", static_cast<Outcome>(below(4))));
        busy[node] = false;
        ++steps;
      } else {
        trace.on(task(now, node, "task", below(200) - 20));
      }
    }
    auto slices = trace.of("X");
    check_nesting(slices);
    RC_ASSERT(std::count_if(slices.begin(), slices.end(),
                            [](const json& slice) { return slice.at("cat") == "step"; }) == steps);
  }));
}

TEST_CASE(
    "trace: tests/bench/trace_svg draws a bar for each step, and red ones for those that failed") {
  Trace trace;
  for (const auto* node : {"c-1", "w-<1>\"\\"}) {
    trace.on(traced(EventType::step_started, 0, node, "etcd"));
    trace.on(task(900, node, "not drawn", 500));
    trace.on(trace_ended(1000, node, "etcd", *node == 'c' ? Outcome::changed : Outcome::failed));
  }
  ProcessSpec spec;
  spec.argv = {std::string(MUSTER_SOURCE_DIR) + "/tests/bench/trace_svg", trace.file};
  auto drawn = run_process(spec);
  CHECK(drawn.error_output == "");
  auto count = [&](const std::string& text) {
    int found = 0;
    for (auto at = drawn.output.find(text); at != std::string::npos;
         at = drawn.output.find(text, at + 1)) {
      ++found;
    }
    return found;
  };
  CHECK(count("<title>etcd: ") == 2);
  CHECK(count("<title>") == 2);
  CHECK(count("fill=\"#d62728\"") == 1);
  CHECK(count(">w-&lt;1&gt;&quot;\\</text>") == 1);
  CHECK(count("<svg ") == 1);
  CHECK(drawn.output.ends_with("</svg>\n"));
}

TEST_CASE("trace: a file that cannot be made is refused before anything runs") {
  CHECK_THROWS_WITH_AS(make_trace_reporter("/nowhere/trace.json"),
                       "cannot write the trace '/nowhere/trace.json': No such file or directory\n"
                       "  name another file with --trace",
                       Error);
  CHECK_THROWS_AS(make_trace_reporter("/dev/full"), Error);
}

TEST_CASE("trace: a disk that fills up leaves what fits, and the run goes on") {
  Trace trace;
  for (int i = 0; i < 10; ++i) trace.on(traced(EventType::note, i, "c-1"));
  auto before = trace.of("i").size();
  rlimit kept{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &kept) == 0);
  auto size = std::filesystem::file_size(trace.file);
  rlimit small{size + 10, kept.rlim_max};
  auto* handler = std::signal(SIGXFSZ, SIG_IGN);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  trace.on(traced(EventType::note, 20, "c-1"));
  trace.on(traced(EventType::note, 21, "c-1"));
  ::setrlimit(RLIMIT_FSIZE, &kept);
  std::signal(SIGXFSZ, handler);
  trace.on(traced(EventType::note, 22, "c-1"));
  CHECK(std::filesystem::file_size(trace.file) == size);
  CHECK(trace.of("i").size() == before);
}
