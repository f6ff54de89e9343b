#include "provisioner/tasks/merge_config.h"

#include <doctest/doctest.h>

#include "provisioner/base/error.h"
#include "tests/tasks/compiling.h"

using namespace muster;
using namespace muster::testing;

TEST_CASE("merge: objects field by field, all else replaced, what is only in one stays") {
  CHECK(merge_config("# a comment\na: {b: 1, c: [1, 2]}\nd: yes\ne: \"yes\"\n",
                     R"({"a": {"c": [3], "f": {"g": null}}, "d": {"h": 0.5}})") ==
        "# Written by muster.\n{\n  \"a\": {\"b\": 1, \"c\": [3], \"f\": {\"g\": null}},\n"
        "  \"d\": {\"h\": 0.5},\n  \"e\": \"yes\"\n}\n");
  CHECK_THROWS_WITH_AS(merge_config("a: 1\n", "[1]"), "configuration to merge must be an object",
                       Error);
}

TEST_CASE("compile: a file is merged with what stands in the context, when there is some") {
  Compiling compiling(
      "tasks:\n  - {name: t, file: {path: /srv/a, content: \"a: 1\\n\", merge: \"{{more}}\"}}\n");
  compiling.context["more"] = "";
  CHECK(compiling.script().script.find("m_content='a: 1'") != std::string::npos);
  compiling.context["more"] = R"({"b": 2})";
  CHECK(compiling.script().script.find(
            "m_content='# Written by muster.\n{\n  \"a\": 1,\n  \"b\": 2\n}'") !=
        std::string::npos);
}

TEST_CASE("compile: a task for each item of a list sees the item, in its name and when too") {
  Compiling compiling(R"(
tasks:
  - name: file of {{item.name}}
    for_each: hosts
    file: {path: "/srv/{{item.name}}", content: "{{item.name}} {{cluster.name}}\n"}
    when: item.wanted
)");
  compiling.context["hosts"] = {{{"name", "a"}, {"wanted", true}},
                                {{"name", "b"}, {"wanted", false}},
                                {{"name", "c"}, {"wanted", true}}};
  auto script = compiling.script();
  REQUIRE(script.task_names.size() >= 2);
  CHECK(script.task_names[0] == "file of a");
  CHECK(script.task_names[1] == "file of c");
  CHECK(script.script.find("m_content='a c1'") != std::string::npos);
  CHECK(script.script.find("m_content='c c1'") != std::string::npos);
  CHECK(script.script.find("/srv/b") == std::string::npos);
  compiling.context["hosts"] = nlohmann::json::array();
  CHECK(compiling.script().script.find("/srv/") == std::string::npos);
  compiling.context.erase("hosts");
  CHECK_THROWS_WITH_AS(compiling.script(),
                       "r.yaml:4: 'for_each' of 'file of {{item.name}}': there is no list 'hosts'",
                       Error);
}

TEST_CASE("compile: package managers are told of proxies, when there are some") {
  Compiling compiling("tasks:\n  - {name: t, package: {names: [tool]}}\n");
  CHECK(compiling.script().script.find("  m_http_proxy=") == std::string::npos);
  compiling.context["proxy"] = {
      {"http", "http://10.0.0.9:3128"}, {"https", ""}, {"no_proxy", "localhost,.svc"}};
  auto text = compiling.script().script;
  CHECK(text.find("  m_http_proxy=http://10.0.0.9:3128\n") != std::string::npos);
  CHECK(text.find("  m_no_proxy=localhost,.svc\n") != std::string::npos);
  CHECK(text.find("  m_https_proxy=") == std::string::npos);
}
