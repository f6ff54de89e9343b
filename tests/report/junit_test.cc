#include "provisioner/report/junit.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <nlohmann/json.hpp>

#include "provisioner/base/process.h"
#include "provisioner/report/escape.h"

using namespace muster;

namespace {

TestSuite suite_with(const std::string& hostile) {
  TestSuite suite;
  suite.name = "muster test demo";
  suite.started_ms = 1'600'000'000'000;
  suite.ms = 2'500;
  suite.cases = {{"every node is Ready", Verdict::passed, 300, "", ""},
                 {"cluster DNS", Verdict::failed, 2'000, hostile, "$ nslookup\n" + hostile},
                 {"a name", Verdict::skipped, 0, "cluster DNS does not work", ""}};
  return suite;
}

/// What `program` says of `text` on its stdin.
ProcessResult ask(std::vector<std::string> argv, const std::string& text) {
  ProcessSpec spec;
  spec.argv = std::move(argv);
  spec.input = text;
  return run_process(spec);
}

/// The value of an XPath expression in the document, as libxml2 reads it.
std::string xpath(const std::string& xml, const std::string& expression) {
  auto result = ask({"xmllint", "--nonet", "--xpath", "string(" + expression + ")", "-"}, xml);
  CHECK_MESSAGE(result.exit_code == 0, result.error_output);
  return result.output.empty() ? "" : result.output.substr(0, result.output.size() - 1);
}

}  // namespace

TEST_CASE("escape: markup is text") {
  CHECK(escape_markup("a <script>alert('&\"')</script>") ==
        "a &lt;script&gt;alert(&#39;&amp;&quot;&#39;)&lt;/script&gt;");
  CHECK(escape_markup("]]>") == "]]&gt;");
  CHECK(escape_markup("tab\tline\nend\r") == "tab\tline\nend\r");
}

TEST_CASE("escape: what is no UTF-8, or no character of XML, is replaced") {
  const std::string gone = "\xEF\xBF\xBD";
  CHECK(escape_markup("h\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80") ==
        "h\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80");
  CHECK(escape_markup("\xFFz") == gone + "z");
  CHECK(escape_markup("\xC0\xBC") == gone + gone);             // "<", too long
  CHECK(escape_markup("\xED\xA0\x80") == gone + gone + gone);  // a surrogate
  CHECK(escape_markup("\xF4\x90\x80\x80").size() == 4 * gone.size());
  CHECK(escape_markup("\xE2\x82") == gone + gone);  // cut
  CHECK(escape_markup(std::string_view("a\0b\x1B[31m\x7F", 9)) ==
        "a" + gone + "b" + gone + "[31m" + gone);
  CHECK(escape_markup("\xEF\xBF\xBE") == gone);
  CHECK(escape_markup("\xC2\x85") == gone);
}

TEST_CASE("escape: whatever goes in, nothing of markup comes out, and it is UTF-8") {
  rc::check([](const std::string& text) {
    auto out = escape_markup(text);
    RC_ASSERT(out.find_first_of("<>\"'") == std::string::npos);
    // Throws for what is no UTF-8.
    RC_ASSERT(!nlohmann::json(out).dump().empty());
  });
}

TEST_CASE("junit: the whole text") {
  CHECK(junit_xml(suite_with("no <answer>")) ==
        R"(<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="3" failures="1" errors="0" time="2.500">
  <testsuite name="muster test demo" tests="3" failures="1" errors="0" skipped="1" time="2.500" timestamp="2020-09-13T12:26:40">
    <testcase classname="muster test demo" name="every node is Ready" time="0.300"/>
    <testcase classname="muster test demo" name="cluster DNS" time="2.000">
      <failure message="no &lt;answer&gt;" type="failed">$ nslookup
no &lt;answer&gt;</failure>
    </testcase>
    <testcase classname="muster test demo" name="a name" time="0.000">
      <skipped message="cluster DNS does not work"/>
    </testcase>
  </testsuite>
</testsuites>
)");
}

TEST_CASE("junit: hostile output is read back by libxml2 as it was") {
  const std::string hostile = "]]></failure><script>alert(1)</script> &amp; \"q\" 'a' <!-- ";
  auto xml = junit_xml(suite_with(hostile));
  CHECK(xpath(xml, "//testcase[2]/failure") == "$ nslookup\n" + hostile);
  CHECK(xpath(xml, "//testcase[2]/failure/@message") == hostile);
  CHECK(xpath(xml, "count(//testcase)") == "3");
  CHECK(xpath(xml, "count(//script)") == "0");
}

TEST_CASE("junit: bytes that no XML may have do not break it") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  auto xml = junit_xml(suite_with(all));
  auto result = ask({"xmllint", "--nonet", "--noout", "-"}, xml);
  CHECK_MESSAGE(result.exit_code == 0, result.error_output);
}

TEST_CASE("junit: an attribute keeps no line end") {
  CHECK(junit_xml(suite_with("two\nlines")).find("message=\"two lines\"") != std::string::npos);
}

TEST_CASE("suite_json: counts and cases") {
  auto json = nlohmann::json::parse(suite_json(suite_with("\xFF<b>")));
  CHECK(json.at("passed") == 1);
  CHECK(json.at("failed") == 1);
  CHECK(json.at("skipped") == 1);
  CHECK(json.at("ms") == 2500);
  CHECK(json.at("cases").size() == 3);
  CHECK(json.at("cases")[1].at("result") == "failed");
  CHECK(json.at("cases")[1].at("message") == "\xEF\xBF\xBD<b>");
  CHECK_FALSE(json.at("cases")[0].contains("message"));
}
