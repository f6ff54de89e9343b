#include "provisioner/tasks/render.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "provisioner/base/error.h"
#include "provisioner/tasks/compile.h"

using namespace muster;
using nlohmann::json;

namespace {

const json kContext = json::parse(R"({
  "name": "etcd-1", "number": 3, "yes": true, "no": false, "nothing": null, "empty": "",
  "html": "<a href=\"x\">&'", "braces": "{{name}}",
  "node": {"name": "n1", "index": 2, "labels": {"a": "b"}},
  "members": [{"name": "m1", "address": "10.0.0.1", "comma": ",", "tags": ["x", "y"]},
              {"name": "m2", "address": "10.0.0.2", "comma": "", "tags": []}],
  "words": ["a", "b"], "none": []
})");

std::string rendered(const std::string& text) { return render(text, kContext); }

std::string mistake(const std::string& text) {
  try {
    return "no mistake: " + rendered(text);
  } catch (const TemplateMistake& wrong) {
    return std::to_string(wrong.line) + ": " + wrong.message;
  }
}

}  // namespace

TEST_CASE("render: values stand in the text as they are") {
  CHECK(rendered("") == "");
  CHECK(rendered("no tags, {single} braces }} alone") == "no tags, {single} braces }} alone");
  CHECK(rendered("{{name}}, {{ number }}, {{yes}}, {{nothing}}.") == "etcd-1, 3, true, .");
  CHECK(rendered("{{html}} {{{html}}} {{&html}}") ==
        "<a href=\"x\">&' <a href=\"x\">&' <a href=\"x\">&'");
  CHECK(rendered("{{node.labels.a}}{{node.index}}") == "b2");
  CHECK(rendered("{{braces}}") == "{{name}}");
  CHECK(rendered("{\"a\": {\"b\": \"{{name}}\"}}") == "{\"a\": {\"b\": \"etcd-1\"}}");
  CHECK(rendered("a\r\n{{name}}\r\n") == "a\r\netcd-1\r\n");
}

TEST_CASE("render: as YAML a text is a text, whatever it looks like, and a number a number") {
  CHECK(rendered("a: {{name|yaml}}") == "a: \"etcd-1\"");
  CHECK(rendered("{{ number | yaml }} {{yes|yaml}} {{nothing|yaml}}") == "3 true \"\"");
  CHECK(rendered("{{html|yaml}}") == R"("<a href=\"x\">&'")");
  CHECK(mistake("a\n{{name|json}}") == "2: there is no filter 'json', only 'yaml'");
  CHECK(mistake("{{#yes|yaml}}{{/yes}}") == "1: a section has no filter: 'yes|yaml'");
  CHECK(mistake("{{nam|yaml}}") == "1: nothing is named 'nam'");
  CHECK(mistake("{{|yaml}}") == "1: a tag names nothing");
}

TEST_CASE("render: sections repeat for lists, and open objects and true values") {
  CHECK(rendered("{{#members}}{{name}}={{address}}{{comma}}{{/members}}") ==
        "m1=10.0.0.1,m2=10.0.0.2");
  CHECK(rendered("{{#words}}<{{.}}>{{/words}}") == "<a><b>");
  CHECK(rendered("{{#node}}{{name}} {{number}}{{/node}}") == "n1 3");
  CHECK(rendered("{{#yes}}on{{/yes}}{{#no}}off{{/no}}{{^no}}not{{/no}}") == "onnot");
  CHECK(rendered("{{#none}}x{{/none}}{{^none}}none{{/none}}{{^words}}y{{/words}}") == "none");
  CHECK(rendered("{{#empty}}x{{/empty}}{{^nothing}}null{{/nothing}}") == "null");
  CHECK(rendered("{{#name}}[{{.}}]{{/name}}") == "[etcd-1]");
  CHECK(rendered("{{#node.labels}}{{a}}{{/node.labels}}") == "b");
}

TEST_CASE("render: sections nest, and the innermost value decides") {
  CHECK(rendered("{{#members}}{{name}}:{{#tags}}{{.}}{{name}} {{/tags}}{{^tags}}-{{/tags}};"
                 "{{/members}}") == "m1:xm1 ym1 ;m2:-;");
  CHECK(rendered("{{#yes}}{{#yes}}{{name}}{{/yes}}{{/yes}}") == "etcd-1");
  CHECK(rendered("{{#members}}{{#node}}{{name}}{{/node}}{{/members}}") == "n1n1");
}

TEST_CASE("render: the lines of tags that stand alone go away") {
  CHECK(rendered("a\n{{#yes}}\nb\n{{/yes}}\nc\n") == "a\nb\nc\n");
  CHECK(rendered("a\n  {{#no}}  \nb\n\t{{/no}}\nc\n") == "a\nc\n");
  CHECK(rendered("a\n{{! words }}\nb\n") == "a\nb\n");
  CHECK(rendered("a\r\n{{#yes}}\r\nb\r\n{{/yes}}\r\nc") == "a\r\nb\r\nc");
  CHECK(rendered("{{#members}}\n- {{name}}\n{{/members}}\nend") == "- m1\n- m2\nend");
  CHECK(rendered("{{#members}}\n{{#tags}}\n- {{.}}\n{{/tags}}\n{{/members}}\n") == "- x\n- y\n");
  CHECK(rendered("{{#yes}}\n{{/yes}}") == "");
  // Other lines keep what is around them.
  CHECK(rendered("a {{#yes}}\nb{{/yes}}\nc\n") == "a \nb\nc\n");
  CHECK(rendered("  {{name}}  \n") == "  etcd-1  \n");
  CHECK(rendered("{{#yes}}{{name}}{{/yes}}\n{{nothing}}\n") == "etcd-1\n\n");
  // Lines of nothing but sections do not.
  CHECK(rendered("{{#yes}}{{#yes}}\nb\n{{/yes}}{{/yes}}\n") == "b\n");
  CHECK(rendered("a\n{{#yes}} b {{/yes}}\nc") == "a\n b \nc");
}

TEST_CASE("render: a name that is missing is a mistake with its line") {
  CHECK(mistake("a\n{{nam}}") == "2: nothing is named 'nam'");
  CHECK(mistake("{{node.nam}}") == "1: nothing is named 'node.nam'");
  CHECK(mistake("{{name.x}}") == "1: nothing is named 'name.x'");
  CHECK(mistake("\n\n{{#nam}}x{{/nam}}") == "3: nothing is named 'nam'");
  CHECK(mistake("\n{{^nam}}x{{/nam}}") == "2: nothing is named 'nam'");
  CHECK(mistake("{{#members}}\n{{! c }}\n\n{{addres}}\n{{/members}}") ==
        "4: nothing is named 'addres'");
  CHECK(mistake("{{!\nlong\n}}\n{{nam}}") == "4: nothing is named 'nam'");
  // A part that an inner value has is looked for there only.
  CHECK(mistake("{{#members}}{{#node}}{{name.x}}{{/node}}{{/members}}") ==
        "1: nothing is named 'name.x'");
  CHECK(mistake("{{#no}}{{nam}}{{/no}}").starts_with("no mistake"));
}

TEST_CASE("render: lists and objects are no texts") {
  CHECK(mistake("{{members}}") == "1: 'members' is a list; open it with {{#members}}");
  CHECK(mistake("\n{{node}}") == "2: 'node' is a set of values; open it with {{#node}}");
}

TEST_CASE("render: broken tags are mistakes with their line") {
  CHECK(mistake("a\n{{name") == "2: '{{' has no '}}'");
  CHECK(mistake("{{{name}}") == "1: '{{' has no '}}'");
  CHECK(mistake("a\n{{#yes}}\nb") == "2: section 'yes' is not closed; add {{/yes}}");
  CHECK(mistake("{{#yes}}{{#no}}{{/yes}}") == "1: {{/yes}} closes no open section");
  CHECK(mistake("a\n\n{{/yes}}") == "3: {{/yes}} closes no open section");
  CHECK(mistake("{{ }}") == "1: a tag names nothing");
  CHECK(mistake("{{#}}x{{/}}") == "1: a tag names nothing");
  CHECK(mistake("{{> other}}") == "1: '{{>' is not supported");
  CHECK(mistake("{{=<% %>=}}") == "1: '{{=' is not supported");
}

TEST_CASE("render: a template's mistake names its file and line") {
  try {
    render_template("a\n{{x}}\n", "etcd/etcd.env", kContext);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(std::string(error.what()) == "etcd/etcd.env:2: nothing is named 'x'");
    CHECK(error.exit_code() == ExitCode::usage);
  }
}
