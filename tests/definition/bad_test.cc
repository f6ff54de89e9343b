// Every bad definition of tests/definition/bad with all that muster says about it, to be browsed:
// bad/<case>.json or .yaml, and the messages in bad/<case>.txt.
#include <doctest/doctest.h>

#include <filesystem>
#include <functional>
#include <set>

#include "provisioner/base/files.h"
#include "tests/definition/support.h"
#include "tests/support/folder.h"
#include "tests/support/golden.h"

using namespace muster;

namespace {

const std::filesystem::path kBad =
    std::filesystem::path(MUSTER_SOURCE_DIR) / "tests/definition/bad";

/// What a user sees who stands in the file's directory.
std::string seen(const std::filesystem::path& file) {
  auto rendered = read_definition(file, {}, testing::rules()).diagnostics.render();
  const auto folder = file.parent_path().string() + "/";
  for (auto at = rendered.find(folder); at != std::string::npos; at = rendered.find(folder, at)) {
    rendered.erase(at, folder.size());
  }
  return rendered;
}

std::string repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

}  // namespace

TEST_CASE("bad definitions: each gets the messages beside it") {
  std::set<std::string> cases;
  for (const auto& entry : std::filesystem::directory_iterator(kBad)) {
    const auto& file = entry.path();
    if (file.extension() == ".txt") continue;
    auto golden = file;
    golden += ".txt";
    testing::check_golden(golden, seen(file));
    cases.insert(file.filename().string());
  }
  CHECK(cases.size() >= 40);
}

TEST_CASE("bad definitions: none says nothing, and no messages are without their definition") {
  for (const auto& entry : std::filesystem::directory_iterator(kBad)) {
    if (entry.path().extension() != ".txt") continue;
    CAPTURE(entry.path().string());
    CHECK(std::filesystem::file_size(entry.path()) > 0);
    auto stem = entry.path().stem();
    bool generated = stem.string().starts_with("generated-");
    CHECK((generated || std::filesystem::exists(kBad / stem)));
  }
}

TEST_CASE("bad definitions: those too large or odd to be kept as files") {
  TestFolder folder;
  auto check = [&](const std::string& name) {
    testing::check_golden(kBad / ("generated-" + name + ".txt"), seen(folder / name));
  };
  write_file(folder / "50-megabytes.json", "{}");
  std::filesystem::resize_file(folder / "50-megabytes.json", 50'000'000);
  check("50-megabytes.json");
  write_file(folder / "10000-levels.json", "{\"name\": " + repeated("[", 10'000));
  check("10000-levels.json");
  write_file(folder / "10000-levels.yaml", repeated("- ", 10'000));
  check("10000-levels.yaml");
  make_directory(folder / "directory.json");
  check("directory.json");
  write_file(folder / "password-for-all.json",
             testing::definition("\"registries\": {\"docker.io\": {\"auth\": {\"username\": "
                                 "\"ann\", \"password\": \"geheim\"}}},"));
  std::filesystem::permissions(folder / "password-for-all.json", std::filesystem::perms(0644));
  check("password-for-all.json");
  check("missing.json");
}

TEST_CASE("bad definitions: roles of a user that wait for each other") {
  auto roles = testing::roles();
  roles.push_back(testing::role("monitoring", {"storage"}));
  roles.push_back(testing::role("storage", {}, {"monitoring"}));
  auto text = testing::definition("", R"([{"roles": ["etcd", "k8s-master", "monitoring"]}])");
  auto result = parse_definition("demo.json", text, {}, {roles, {"local"}});
  CHECK(result.diagnostics.render() ==
        "demo.json: error: the roles wait for each other: 'monitoring' for 'storage' for "
        "'monitoring'\n"
        "  change 'needs', 'after', 'after_one' or 'before' of one of them, in its role.yaml\n");
  CHECK_FALSE(result.plannable);
}
