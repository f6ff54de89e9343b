#include "provisioner/definition/value.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "tests/definition/support.h"

using namespace muster;

namespace {

Value json(const std::string& text) {
  Diagnostics diagnostics("f.json", text);
  auto value = parse_value(text, false, diagnostics);
  CHECK(testing::mistakes(diagnostics) == "");
  return value;
}

Value yaml(const std::string& text) {
  Diagnostics diagnostics("f.yaml", text);
  auto value = parse_value(text, true, diagnostics);
  CHECK(testing::mistakes(diagnostics) == "");
  return value;
}

std::string complaint(const std::string& text, bool as_yaml = false) {
  Diagnostics diagnostics("f", text);
  parse_value(text, as_yaml, diagnostics);
  return testing::mistakes(diagnostics);
}

std::string place(const Value& value) {
  return std::to_string(value.at.line) + ":" + std::to_string(value.at.column);
}

std::string repeat(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

}  // namespace

TEST_CASE("value: JSON keeps the place of every key and value") {
  auto root =
      json("{\n  \"a\" : [1, -2.5e1,\ttrue],\r\n\n  \"b\\\"\": {\"c\": \"\\u00e4\"}, \"d\":null}");
  CHECK(place(root) == "1:1");
  CHECK(place(root.find("a")->items[0]) == "2:10");
  CHECK(place(root.find("a")->items[1]) == "2:13");
  CHECK(place(root.find("a")->items[2]) == "2:21");
  const auto* object = root.find("b\"");
  REQUIRE(object != nullptr);
  CHECK(place(*object) == "4:10");
  CHECK(place(*object->find("c")) == "4:16");
  CHECK(place(*root.find("d")) == "4:31");
  CHECK(root.members[2].at.column == 27);
}

TEST_CASE("value: numbers keep how they were written") {
  auto root = json("[1.10, 9223372036854775807, 9223372036854775808, 0]");
  CHECK(root.items[0].kind == Value::Kind::number);
  CHECK(root.items[0].text == "1.10");
  CHECK(root.items[1].integer == 9223372036854775807);
  CHECK(root.items[2].kind == Value::Kind::number);
  CHECK(root.items[3].kind == Value::Kind::integer);
}

TEST_CASE("value: YAML types plain scalars by the core schema and leaves quoted ones alone") {
  auto root = yaml(
      "[1.12, 7, -3, 0x1F, 0o17, +1, .5, 1e3, true, False, null, ~, '7', \"true\", v1.37.2, 1.2.3, "
      "0644, yes, 08:00]");
  std::string kinds;
  for (const auto& item : root.items) kinds += describe(item.kind) + ",";
  CHECK(kinds ==
        "a number,a whole number,a whole number,a whole number,a whole number,a whole number,"
        "a number,a number,true or false,true or false,null,null,a string,a string,a string,"
        "a string,a whole number,a string,a string,");
  CHECK(root.items[0].text == "1.12");
  CHECK(root.items[3].integer == 31);
  CHECK(root.items[4].integer == 15);
  CHECK(root.items[16].text == "0644");
}

TEST_CASE("value: YAML keeps places and nests like JSON") {
  auto root = yaml("a:\n  - b: 1\n    c: [x, {y: z}]\n");
  CHECK(to_json(root) == R"({"a":[{"b":1,"c":["x",{"y":"z"}]}]})");
  const auto& item = root.find("a")->items[0];
  CHECK(place(*item.find("b")) == "2:8");
  CHECK(place(item.find("c")->items[1]) == "3:12");
}

TEST_CASE("value: to_json writes what it read") {
  for (std::string text :
       {R"({"a":[1,-2,0.5,true,false,null,"x\"\\\u0001ü"],"b":{},"c":[]})", "[]", R"("a")", "12"}) {
    CHECK(to_json(json(text)) == text);
  }
}

TEST_CASE("value: a byte order mark is skipped") {
  auto root = json("\xEF\xBB\xBF{\"a\": 1}");
  CHECK(place(*root.find("a")) == "1:7");
}

TEST_CASE("value: JSON mistakes are said in words, at their place") {
  struct Row {
    std::string text;
    std::string complaint;
  };
  for (const auto& [text, expected] : std::vector<Row>{
           {"", "error: the file is empty (examples/ has definitions to begin with)\n"},
           {" \n", "error: the file is empty (examples/ has definitions to begin with)\n"},
           {"hello world",
            "error 1:1: this is not JSON: a definition begins with '{' "
            "(a definition in YAML needs a file named *.yaml)\n"},
           {"{\n  \"a\": {\n    \"b\": 1\n  ,\n  \"c\": 2\n}\n",
            "error 2:8: the '{' opened here is never closed (add the missing '}')\n"},
           {"{\n  \"a\": [\n    1\n",
            "error 2:8: the '[' opened here is never closed (add the missing ']')\n"},
           {"{\"a\": [1}", "error 1:9: expected ']' for the '[' opened at 1:7, got '}'\n"},
           {"{\"a\": 1,}", "error 1:8: a comma with nothing after it (remove the ',')\n"},
           {"[1, ]", "error 1:3: a comma with nothing after it (remove the ',')\n"},
           {"{\"a\": 1\n \"b\": 2}",
            "error 2:2: expected ',' or '}', got '\"b\"' (is a ',' missing before it?)\n"},
           {"{\"a\" 1}", "error 1:6: expected ':' after the key, got '1'\n"},
           {"{\"a\":}", "error 1:6: expected a value, got '}'\n"},
           {"{\"a\":,}", "error 1:6: expected a value, got ','\n"},
           {"{\"a\": 1,, \"b\": 1}", "error 1:9: expected a key, got ','\n"},
           {"{'a': 1}", "error 1:2: single quotes (use double quotes: \")\n"},
           {"{a: 1}", "error 1:2: expected a key in double quotes, got 'a'\n"},
           {"{\"a\": b}", "error 1:7: expected a value, got 'b' (put text in double quotes)\n"},
           {"{\"a\": True}", "error 1:7: 'True' is no value in JSON (write true)\n"},
           {"{\"a\": None}", "error 1:7: 'None' is no value in JSON (write null)\n"},
           {"[.5]",
            "error 1:2: '.5' is no number in JSON (put it in double quotes if it is text)\n"},
           {"[01]",
            "error 1:3: expected the end of the number, got '1' "
            "(put it in double quotes if it is text)\n"},
           {"[1e999]", "error 1:2: the number '1e999' is too large\n"},
           {"{ // why\n}",
            "error 1:3: JSON has no comments "
            "(remove it, or write the definition as YAML, in a file named *.yaml)\n"},
           {"{\"a\\_b\": 1}",
            "error 1:4: '\\_' is no escape in JSON (remove the \\, or write \\\\ for a "
            "backslash)\n"},
           {"[\"\\ud800x\"]",
            "error 1:3: '\\ud800' is no character (write the character itself)\n"},
           {"[\"a\tb\"]",
            "error 1:4: a control character in a string (write \\t instead of the tab)\n"},
           {"{\"a\": \"b,\n\"c\": 1}",
            "error 1:7: this string is never closed (add the missing \")\n"},
           {"{} x", "error 1:4: unexpected 'x' after the end of the definition\n"},
           {"{}}", "error 1:3: '}' closes nothing (remove it)\n"},
           {"{\"a\": 1,\n \"a\": 2}", "error 2:2: duplicate key 'a' (the first one is at 1:2)\n"},
           {"[\"\xFF\"]",
            "error 1:3: this is not text in UTF-8: found the byte 0xff (save the file as "
            "UTF-8)\n"}}) {
    CAPTURE(text);
    CHECK(complaint(text) == expected);
  }
}

TEST_CASE("value: curly quotes are named once, and what follows is still read") {
  std::string text = "{\n  “name”: “it’s”,\n  \"a\": [“b\", ‘c’],\n  \"d\": \"“kept”\"\n}";
  Diagnostics diagnostics("f.json", text);
  auto root = parse_value(text, false, diagnostics);
  CHECK(testing::mistakes(diagnostics) ==
        "error 2:3: curly quotes, as pasted from a web page (use straight \" quotes)\n");
  Diagnostics plain_diagnostics("f.json", text);
  auto plain = parse_value("{“a”: [“b\", ‘c’], \"d\": \"“kept”\"}", false, plain_diagnostics);
  CHECK(to_json(plain) == R"({"a":["b","c"],"d":"“kept”"})");
}

TEST_CASE("value: YAML mistakes have a place too") {
  struct Row {
    std::string text;
    std::string complaint;
  };
  for (const auto& [text, expected] : std::vector<Row>{
           {"name: “demo”",
            "error 1:7: curly quotes, as pasted from a web page (use straight \" quotes)\n"},
           {"a: 1\n  b: [",
            "error 2:4: this is not YAML: illegal map value "
            "(look at its indentation, and at the line before it)\n"},
           {"a: &x 1\nb: *x",
            "error 2:4: aliases (\"*name\") are not supported (write the value out)\n"},
           {"a: 1\n---\nb: 1\n", "error 3:1: a second document (one file holds one document)\n"},
           {"? [a]\n: b\n", "error 1:3: a key must be a string\n"},
           {"a: 1\na: 2\n", "error 2:1: duplicate key 'a' (the first one is at 1:1)\n"}}) {
    CAPTURE(text);
    CHECK(complaint(text, true) == expected);
  }
}

TEST_CASE("value: 10,000 levels are an error, not a crash") {
  CHECK(complaint(repeat("[", 10000)) ==
        "error 1:65: nested deeper than 64 levels (this is no definition; examples/ has some)\n");
  CHECK(complaint(repeat("{\"a\":", 10000)) ==
        "error 1:321: nested deeper than 64 levels (this is no definition; examples/ has some)\n");
  CHECK(complaint(repeat("[", 10000) + repeat("]", 10000), true) ==
        "error 1:65: nested deeper than 64 levels (this is no definition; examples/ has some)\n");
  CHECK(complaint(repeat("- ", 10000), true) ==
        "error 1:129: nested deeper than 64 levels (this is no definition; examples/ has some)\n");
  CHECK(complaint(repeat("[", 64) + repeat("]", 64)) == "");
}

TEST_CASE("value: a file of nothing but values is refused before it fills the memory") {
  CHECK(complaint("[" + repeat("0,", 600'000) + "0]") ==
        "error 1:1000000: more than 500000 values (this is no definition; examples/ has some)\n");
}

TEST_CASE("value: text cut or changed anywhere is read or refused, and refusals have a place") {
  const std::string good =
      "{\n  \"name\": \"a\\u00e4\", “x”: [1, -2.5, true, null, {\"b\": [[]]}],\n  \"c\": {}\n}\n";
  rc::check("mutated JSON", [&] {
    auto text = good;
    auto edits = *rc::gen::inRange(1, 4);
    for (int i = 0; i < edits && !text.empty(); ++i) {
      auto at = *rc::gen::inRange<std::size_t>(0, text.size());
      if (*rc::gen::arbitrary<bool>()) {
        text.erase(at, *rc::gen::inRange<std::size_t>(1, 8));
      } else {
        text.insert(at, 1, *rc::gen::elementOf(std::string("{}[],:\"'\\x0 \n-.eE#/\x01\xE2")));
      }
    }
    for (bool as_yaml : {false, true}) {
      Diagnostics diagnostics("f", text);
      auto value = parse_value(text, as_yaml, diagnostics);
      for (const auto& item : diagnostics.items()) {
        RC_ASSERT(item.at.line > 0 || item.message == "the file is empty");
        RC_ASSERT(item.at.line == 0 || item.at.column > 0);
      }
      if (diagnostics.empty() && !as_yaml) {
        Diagnostics again("f", "");
        RC_ASSERT(to_json(parse_value(to_json(value), false, again)) == to_json(value));
      }
      diagnostics.render();
    }
  });
}
