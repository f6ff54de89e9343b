#include "provisioner/report/junit.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "provisioner/base/clock.h"
#include "provisioner/base/text.h"
#include "provisioner/report/escape.h"

namespace muster {

namespace {

/// As an attribute; a line end in one would be read as a space.
std::string attribute(const std::string& name, const std::string& value) {
  return " " + name + "=\"" + escape_markup(join(split(value, '\n'), " ")) + "\"";
}

std::string seconds(std::int64_t ms) {
  char out[32];
  std::snprintf(out, sizeof out, "%.3f", static_cast<double>(ms) / 1000);
  return out;
}

std::string body_of(const TestCase& test) {
  switch (test.verdict) {
    case Verdict::passed:
      return "";
    case Verdict::skipped:
      return "<skipped" + attribute("message", test.message) + "/>";
    case Verdict::failed:
      break;
  }
  return "<failure" + attribute("message", test.message) + attribute("type", "failed") + ">" +
         escape_markup(test.output) + "</failure>";
}

std::string case_xml(const TestSuite& suite, const TestCase& test) {
  auto head = "    <testcase" + attribute("classname", suite.name) + attribute("name", test.name) +
              attribute("time", seconds(test.ms));
  auto body = body_of(test);
  return body.empty() ? head + "/>\n" : head + ">\n      " + body + "\n    </testcase>\n";
}

}  // namespace

std::string to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::passed:
      return "passed";
    case Verdict::failed:
      return "failed";
    case Verdict::skipped:
      break;
  }
  return "skipped";
}

int TestSuite::count(Verdict verdict) const {
  return static_cast<int>(std::count_if(
      cases.begin(), cases.end(), [&](const TestCase& test) { return test.verdict == verdict; }));
}

std::string junit_xml(const TestSuite& suite) {
  // Without fractions and zone: what the schema that Jenkins publishes allows.
  auto when = format_time(suite.started_ms).substr(0, 19);
  auto counts = attribute("tests", std::to_string(suite.cases.size())) +
                attribute("failures", std::to_string(suite.count(Verdict::failed))) +
                attribute("errors", "0");
  auto skipped = attribute("skipped", std::to_string(suite.count(Verdict::skipped)));
  auto time = attribute("time", seconds(suite.ms));
  auto out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" + counts + time +
             ">\n  <testsuite" + attribute("name", suite.name) + counts + skipped + time +
             attribute("timestamp", when) + ">\n";
  for (const auto& test : suite.cases) out += case_xml(suite, test);
  return out + "  </testsuite>\n</testsuites>\n";
}

std::string suite_json(const TestSuite& suite) {
  nlohmann::ordered_json json{{"name", suite.name},
                              {"time", format_time(suite.started_ms)},
                              {"ms", suite.ms},
                              {"passed", suite.count(Verdict::passed)},
                              {"failed", suite.count(Verdict::failed)},
                              {"skipped", suite.count(Verdict::skipped)}};
  auto& cases = json["cases"] = nlohmann::ordered_json::array();
  for (const auto& test : suite.cases) {
    cases.push_back({{"name", test.name}, {"result", to_string(test.verdict)}, {"ms", test.ms}});
    if (!test.message.empty()) cases.back()["message"] = test.message;
    if (!test.output.empty()) cases.back()["output"] = test.output;
  }
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace muster
