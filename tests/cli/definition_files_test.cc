#include "provisioner/cli/definition_files.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "tests/support/folder.h"

using namespace muster;

namespace {

using Files = std::vector<std::string>;

/// b.json, a.yaml, notes.txt, sub/c.yml.
struct Definitions {
  Definitions() {
    for (const char* name : {"b.json", "a.yaml", "notes.txt"}) write_file(folder / name, "");
    std::filesystem::create_directory(folder / "sub");
    write_file(folder / "sub/c.yml", "");
  }
  std::string at(const std::string& name) const { return folder.path() / name; }
  TestFolder folder;
};

}  // namespace

TEST_CASE("definition files: a file is itself, also one that is not there, and stdin") {
  CHECK(definition_files({"x.json", "-"}) == Files{"x.json", "-"});
}

TEST_CASE("definition files: a directory has its definitions, by name") {
  Definitions some;
  CHECK(definition_files({some.folder.path()}) == Files{some.at("a.yaml"), some.at("b.json")});
}

TEST_CASE("definition files: a pattern has what it matches, and each file counts once") {
  Definitions some;
  CHECK(definition_files({some.at("*.json"), some.at("sub/?.yml"), some.at("b.json")}) ==
        Files{some.at("b.json"), some.at("sub/c.yml")});
  write_file(some.folder / "what[1].json", "");
  CHECK(definition_files({some.at("what[1].json")}) == Files{some.at("what[1].json")});
}

TEST_CASE("definition files: a directory without any, or a pattern without a match, is a mistake") {
  TestFolder empty;
  CHECK_THROWS_WITH_AS(definition_files({empty.path()}),
                       ("there is no definition in '" + empty.path().string() +
                        "'\n  they are its *.json, *.yaml and *.yml")
                           .c_str(),
                       Error);
  auto pattern = (empty.path() / "*.json").string();
  CHECK_THROWS_WITH_AS(definition_files({pattern}), ("no file matches '" + pattern + "'").c_str(),
                       Error);
}

TEST_CASE("definition files: names of deployments are not those of files") {
  CHECK(names_files("a.json"));
  CHECK(names_files("./a"));
  CHECK(names_files("-"));
  CHECK(names_files("deploy-*"));
  CHECK_FALSE(names_files("cluster01"));
}
