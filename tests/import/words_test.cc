#include "provisioner/import/words.h"

#include <doctest/doctest.h>

#include "provisioner/base/text.h"

using namespace muster;

namespace {

std::string names(const std::string& pattern) {
  auto expanded = expand_names(pattern);
  return expanded.problem.empty() ? join(expanded.names, " ") : "! " + expanded.problem;
}

std::string words(const std::string& line, bool comments = true) {
  auto split = split_words(line, comments);
  return split ? join(*split, "|") : "! open";
}

}  // namespace

TEST_CASE("ranges: numbers, letters, steps and several in one name") {
  CHECK(names("web") == "web");
  CHECK(names("node[1:3]") == "node1 node2 node3");
  CHECK(names("node[09:11]") == "node09 node10 node11");
  CHECK(names("node[8:10].lab") == "node8.lab node9.lab node10.lab");
  CHECK(names("db-[a:c]") == "db-a db-b db-c");
  CHECK(names("n[1:9:4]") == "n1 n5 n9");
  CHECK(names("r[1:2]-[a:b]") == "r1-a r1-b r2-a r2-b");
  CHECK(names("n[:2]") == "n0 n1 n2");
}

TEST_CASE("ranges: what is none says why") {
  CHECK(names("n[1:3") == "! a range is not closed");
  CHECK(names("n[1]") == "! it is written [first:last]");
  CHECK(names("n[3:1]") == "! it ends before it begins");
  CHECK(names("n[c:a]") == "! it ends before it begins");
  CHECK(names("n[a:9]") == "! its bounds are neither numbers nor letters");
  CHECK(names("n[01:100]") == "! '01' and '100' must be equally long");
  CHECK(names("n[1:3:0]") == "! its step must be 1 or more");
  CHECK(names("n[1:9999999]") == "! it is too long");
  CHECK(names("n[1:9999][1:9999]") == "! it stands for more than 20000 names");
}

TEST_CASE("words: quotes, escapes and comments as a shell has them") {
  CHECK(words("a  b\tc") == "a|b|c");
  CHECK(words("a='b c' d") == "a=b c|d");
  CHECK(words(R"(x='-o P="s -W %h:%p"' y)") == R"(x=-o P="s -W %h:%p"|y)");
  CHECK(words(R"("a \"b\"" 'c\d')") == R"(a "b"|c\d)");
  CHECK(words("a # b") == "a");
  CHECK(words("a#b c") == "a#b|c");
  CHECK(words("a # b", false) == "a|#|b");
  CHECK(words("a ''") == "a|");
  CHECK(words("a 'b") == "! open");
}
