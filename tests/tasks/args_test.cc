#include "provisioner/tasks/args.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "provisioner/base/text.h"
#include "provisioner/tasks/render.h"

using namespace muster;

namespace {

const std::vector<ArgRule> kRules{{"name", ArgType::text, true},
                                  {"path", ArgType::path},
                                  {"mode", ArgType::mode, false, "644"},
                                  {"wait", ArgType::boolean, false, "true"},
                                  {"count", ArgType::number, false, "0"},
                                  {"state", ArgType::choice, false, "on", {"on", "off"}},
                                  {"names", ArgType::list},
                                  {"sets", ArgType::lists, false, "", {"red", "blue"}},
                                  {"keys", ArgType::lines}};

struct Read {
  Args args;
  std::string mistakes;  ///< "line: message; hint", one a line
};

Read read(const std::string& yaml, bool with_values = true) {
  static const nlohmann::json kContext{
      {"word", "value"}, {"lines", "a\nb\n"}, {"empty", ""}, {"dots", "/a/../b"}};
  Task task;
  task.name = "t";
  task.kind = "kind";
  task.line = 9;
  Diagnostics diagnostics("t.yaml", yaml);
  task.args = parse_value(yaml, true, diagnostics);
  CHECK_FALSE(diagnostics.has_errors());
  Renderer renderer;
  if (with_values) renderer = [](const std::string& text) { return render(text, kContext); };
  std::vector<TaskMistake> mistakes;
  Read result{read_args(task, kRules, renderer, mistakes), ""};
  for (const auto& mistake : mistakes) {
    result.mistakes += std::to_string(mistake.line) + ": " + mistake.message +
                       (mistake.hint.empty() ? "" : "; " + mistake.hint) + "\n";
  }
  return result;
}

std::string mistakes(const std::string& yaml) { return read(yaml).mistakes; }

}  // namespace

TEST_CASE("args: what is not written has its fallback") {
  auto args = read("{name: x}").args;
  CHECK(args.text("name") == "x");
  CHECK(args.text("mode") == "644");
  CHECK(args.flag("wait"));
  CHECK(args.text("state") == "on");
  CHECK(args.text("path") == "");
  CHECK(args.items("names").empty());
  CHECK(args.has("name"));
  CHECK_FALSE(args.has("path"));
}

TEST_CASE("args: scalars become texts and are rendered") {
  auto read_here =
      read("{name: 12, path: '/a/{{word}}', wait: false, count: '7', state: off, mode: '0700'}");
  // "off" is a string in YAML 1.2.
  CHECK(read_here.mistakes == "");
  const auto& args = read_here.args;
  CHECK(args.text("name") == "12");
  CHECK(args.text("path") == "/a/value");
  CHECK_FALSE(args.flag("wait"));
  CHECK(args.text("count") == "7");
  CHECK(args.text("mode") == "700");
  CHECK(args.written("path") == "/a/{{word}}");
}

TEST_CASE("args: paths and modes are written in one way") {
  CHECK(read("{name: x, path: //a/./b//c/}").args.text("path") == "/a/b/c");
  CHECK(read("{name: x, path: /}").args.text("path") == "/");
  CHECK(read("{name: x, path: /a/..b}").args.text("path") == "/a/..b");
  CHECK(read("{name: x, mode: '0000'}").args.text("mode") == "0");
  CHECK(read("{name: x, mode: '02755'}").args.text("mode") == "2755");
}

TEST_CASE("args: lists drop empty items; lines may be one text") {
  CHECK(join(read("{name: x, names: [a, ' b ', '{{empty}}', 3]}").args.items("names"), ",") ==
        "a,b,3");
  CHECK(join(read("{name: x, keys: '{{lines}}'}").args.items("keys"), ",") == "a,b");
  CHECK(join(read("{name: x, keys: [\"a\\nb\", c]}").args.items("keys"), ",") == "a,b,c");
}

TEST_CASE("args: lists may come by name") {
  auto plain = read("{name: x, sets: [a, '{{word}}']}").args;
  CHECK(join(plain.items("sets"), ",") == "a,value");
  CHECK(plain.has("sets"));
  CHECK_FALSE(plain.has("sets.red"));
  auto named = read("{name: x, sets: {red: [a, '{{word}}', '{{empty}}'], blue: []}}").args;
  CHECK(named.has("sets"));
  CHECK(named.items("sets").empty());
  CHECK(join(named.items("sets.red"), ",") == "a,value");
  CHECK(named.has("sets.blue"));
  CHECK(named.items("sets.blue").empty());
  CHECK_FALSE(read("{name: x, sets: {red: [a]}}").args.has("sets.blue"));
  CHECK(mistakes("name: x\nsets:\n  red: [a]\n  green: [b]\n") ==
        "4: 'sets' of 'kind' has no 'green'; it has 'red', 'blue'\n");
  CHECK(mistakes("name: x\nsets: {red: a}\n") ==
        "2: 'sets' of 'kind' must be lists, not a string\n");
  CHECK(mistakes("name: x\nsets: a\n") == "2: 'sets' of 'kind' must be a list, not a string\n");
  CHECK(mistakes("name: x\nnames: {red: [a]}\n") ==
        "2: 'names' of 'kind' must be a list, not an object\n");
}

TEST_CASE("args: every mistake is told with its line") {
  CHECK(mistakes("path: /a\n") == "9: 'kind' needs 'name'\n");
  CHECK(mistakes("name: x\nnmaes: []\nzz: 1\n") ==
        "2: 'kind' takes no 'nmaes'; did you mean 'names'?\n"
        "3: 'kind' takes no 'zz'; it takes 'name', 'path', 'mode', 'wait', 'count', 'state', "
        "'names', 'sets', 'keys'\n");
  CHECK(mistakes("name: x\npath: a/b\n") ==
        "2: 'path' of 'kind' must be a path that begins with '/' and has no '..', not 'a/b'\n");
  CHECK(mistakes("name: x\npath: '{{dots}}'\n") ==
        "2: 'path' of 'kind' must be a path that begins with '/' and has no '..', not '/a/../b'\n");
  CHECK(mistakes("name: x\nmode: 0644\n") ==
        "2: 'mode' of 'kind' must be text in quotes, not a whole number\n");
  CHECK(mistakes("name: x\nmode: rw\n") ==
        "2: 'mode' of 'kind' must be octal digits, like \"0644\", not 'rw'\n");
  CHECK(mistakes("name: x\nmode: '12345670'\n") ==
        "2: 'mode' of 'kind' must be octal digits, like \"0644\", not '12345670'\n");
  CHECK(mistakes("name: x\nmode: ''\n") ==
        "2: 'mode' of 'kind' must be octal digits, like \"0644\", not ''\n");
  CHECK(mistakes("name: x\nwait: maybe\n") ==
        "2: 'wait' of 'kind' must be true or false, not 'maybe'\n");
  CHECK(mistakes("name: x\ncount: -1\n") ==
        "2: 'count' of 'kind' must be a whole number, not '-1'\n");
  CHECK(mistakes("name: x\nstate: away\n") ==
        "2: 'state' of 'kind' must be one of 'on', 'off', not 'away'\n");
  CHECK(mistakes("name: x\nnames: a\n") == "2: 'names' of 'kind' must be a list, not a string\n");
  CHECK(mistakes("name: [x]\n") == "1: 'name' of 'kind' must be text, not a list\n");
  CHECK(mistakes("name: x\nnames: [{a: b}]\n") ==
        "2: 'names' of 'kind' must be text, not an object\n");
  CHECK(mistakes("name: null\n") == "1: 'name' of 'kind' must be text, not null\n");
  CHECK(
      mistakes("name: \"a\\0b\"\n").starts_with("1: 'name' of 'kind' must be a text without NUL"));
  CHECK(mistakes("just words\n") ==
        "9: the arguments of 'kind' must be written as {name: value}\n");
  CHECK(mistakes("name: '{{nothing}}'\n") == "1: 'name': nothing is named 'nothing'\n");
  CHECK(mistakes("name: |\n  a\n  {{nothing}}\n") ==
        "1: 'name', line 2: nothing is named 'nothing'\n");
}

TEST_CASE("args: without values, texts with tags pass unchecked and the others do not") {
  CHECK(read("{name: '{{nothing}}', path: '{{nothing}}', mode: '{{nothing}}'}", false).mistakes ==
        "");
  CHECK(read("{name: '{{nothing}}', path: a}", false).mistakes ==
        "1: 'path' of 'kind' must be a path that begins with '/' and has no '..', not 'a'\n");
}

TEST_CASE("args: a long value is not shown whole") {
  CHECK(mistakes("name: x\nstate: " + std::string(100, 'a') + "\n") ==
        "2: 'state' of 'kind' must be one of 'on', 'off', not '" + std::string(60, 'a') + "...'\n");
}
