#include "provisioner/artifacts/artifacts.h"

#include <doctest/doctest.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/process.h"
#include "provisioner/base/sha256.h"
#include "provisioner/base/text.h"
#include "tests/support/folder.h"
#include "tests/support/http_server.h"

using namespace muster;
namespace fs = std::filesystem;

namespace {

/// A cache directory of its own for each test.
struct Cache {
  std::size_t stored() const { return count("store"); }
  std::size_t count(const char* folder) const {
    std::error_code none;
    auto files = fs::directory_iterator(path / folder, none);
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
  }
  TestFolder folder;
  fs::path path = folder.path();
};

struct Notes {
  Artifacts::Note add() {
    return [this](const std::string& line) { text += line + "\n"; };
  }
  std::string text;
};

std::string tool_catalog(const std::string& rest) {
  return "artifacts:\n  - name: tool\n    version: kubernetes\n    arch: [" + machine_arch() +
         "]\n" + rest;
}

/// One artifact "tool" with its checksum beside it.
std::string catalog_for(const HttpServer& server, const std::string& rest = "") {
  return tool_catalog("    url: " + server.url("/{version}/{name}") +
                      "\n    sha256_url: \"{url}.sha256\"\n" + rest);
}

std::string pinned(const std::string& content) {
  return "    sha256: {v1/" + machine_arch() + ": " + sha256(content) + "}\n";
}

std::string failure(Artifacts& artifacts) {
  try {
    artifacts.fetch({"tool"}, "v1", machine_arch(), [](const std::string&) {});
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

std::string tried_in_vain(const std::string& what) {
  return "cannot get tool v1 for " + machine_arch() + "; tried in vain:\n  - " + what +
         "\n  give this machine a way to one of them, then run it again";
}

std::string mirror(const HttpServer& server) { return "    mirrors: " + server.url("/m") + "\n"; }

const std::string kContent = "#!/bin/sh\necho tool\n" + std::string(100'000, '#');

void serve_tool(HttpServer& server) {
  server.serve("/v1/tool", {kContent});
  server.serve("/v1/tool.sha256", {sha256(kContent) + "  tool\n"});
}

}  // namespace

TEST_CASE("artifacts: a download is stored under its sha256, runs, and is fetched once") {
  Cache cache;
  HttpServer server;
  serve_tool(server);
  Artifacts artifacts(cache.path, catalog_for(server));
  CHECK_FALSE(artifacts.find("tool", "v1", machine_arch()).has_value());
  Notes notes;
  CHECK(artifacts.fetch({"tool"}, "v1", machine_arch(), notes.add()).empty());
  auto found = artifacts.find("tool", "v1", machine_arch());
  REQUIRE(found.has_value());
  CHECK(found->file == cache.path / "store" / sha256(kContent));
  CHECK(found->origin == server.url("/v1/tool"));
  CHECK(read_file(found->file) == kContent);
  CHECK(fs::status(found->file).permissions() == fs::perms{0755});
  CHECK(notes.text == "tool v1: downloading " + server.url("/v1/tool") + "\n");

  artifacts.fetch({"tool"}, "v1", machine_arch(), notes.add());
  CHECK(server.requests() == std::vector<std::string>{"/v1/tool.sha256", "/v1/tool"});
  CHECK(artifacts.verify().empty());
}

TEST_CASE("artifacts: nodes may have a file where it came from, unless only this machine can") {
  Cache cache;
  auto index = [&](const std::string& origin, const std::string& more = "") {
    write_file(cache.path / "index" / ("tool@v1-" + machine_arch() + ".json"),
               "{\"name\": \"tool\", \"version\": \"v1\", \"arch\": \"" + machine_arch() +
                   "\", \"sha256\": \"" + sha256(kContent) +
                   "\", \"bytes\": " + std::to_string(kContent.size()) + ", \"origin\": \"" +
                   origin + "\"" + more + "}");
  };
  auto catalog = tool_catalog(
      "    url: https://dl.example.org/{name}\n    sha256_url: https://x\n    mirrors: "
      "[\"http://localhost:8/{name}\", \"ftp://f/{name}\"]\n    node_downloads: first\n");
  for (const char* folder : {"store", "index"}) make_directory(cache.path / folder);
  write_file(cache.path / "store" / sha256(kContent), kContent);
  Artifacts artifacts(cache.path, catalog);
  index("https://dl.example.org/tool");
  CHECK(artifacts.find("tool", "v1", machine_arch())->url == "https://dl.example.org/tool");
  CHECK(artifacts.find("tool", "v1", machine_arch())->node_downloads == NodeDownloads::first);
  for (const char* origin : {"http://localhost:8/tool", "ftp://f/tool", "https://other/tool"}) {
    index(origin);
    CHECK(artifacts.find("tool", "v1", machine_arch())->url == "");
  }
  index("https://dl.example.org/tool", ", \"bundle\": \"/media/b.tar.zst\"");
  CHECK(artifacts.find("tool", "v1", machine_arch())->url == "");  // only the bundle says so
}

TEST_CASE("artifacts: the list says what is cached, how large it is and where it comes from") {
  Cache cache;
  HttpServer server;
  serve_tool(server);
  Artifacts artifacts(cache.path, catalog_for(server));
  auto before = artifacts.list("v1", machine_arch());
  REQUIRE(before.size() == 1);
  CHECK_FALSE(before[0].cached);
  CHECK(before[0].origin == server.url("/v1/tool"));
  artifacts.fetch({"tool"}, "v1", machine_arch(), [](const std::string&) {});
  auto after = artifacts.list("v1", machine_arch());
  CHECK(after[0].cached);
  CHECK(after[0].bytes == kContent.size());
  CHECK(after[0].sha256 == sha256(kContent));
}

TEST_CASE("artifacts: another sha256 is refused by name, and nothing is stored") {
  Cache cache;
  HttpServer server;
  serve_tool(server);
  server.serve("/v1/tool", {"<html>log in first</html>"});
  Artifacts artifacts(cache.path, catalog_for(server));
  CHECK(failure(artifacts) ==
        tried_in_vain(server.url("/v1/tool") + ": refused: its sha256 is " +
                      sha256("<html>log in first</html>") + ", not " + sha256(kContent)));
  CHECK(cache.stored() == 0);
  CHECK(cache.count("partial") == 0);
  CHECK_FALSE(artifacts.find("tool", "v1", machine_arch()).has_value());
}

TEST_CASE("artifacts: a pinned sha256 wins over what the server says") {
  Cache cache;
  HttpServer server;
  serve_tool(server);
  Artifacts artifacts(cache.path, catalog_for(server, pinned("the real one")));
  CHECK(failure(artifacts) == tried_in_vain(server.url("/v1/tool") + ": refused: its sha256 is " +
                                            sha256(kContent) + ", not " + sha256("the real one")));
  CHECK(server.requests() == std::vector<std::string>{"/v1/tool"});
}

TEST_CASE("artifacts: a checksum over plain http proves nothing") {
  Cache cache;
  Artifacts artifacts(cache.path, tool_catalog("    url: http://mirror.invalid/tool\n"
                                               "    sha256_url: \"{url}.sha256\"\n"));
  CHECK(failure(artifacts) ==
        tried_in_vain("http://mirror.invalid/tool: nothing to check it against (no pinned sha256, "
                      "none over https)"));
}

TEST_CASE("artifacts: a download that broke off goes on where it was") {
  Cache cache;
  HttpServer server;
  serve_tool(server);
  server.serve("/v1/tool", {kContent, 200, "", 60'000});
  Artifacts artifacts(cache.path, catalog_for(server));
  artifacts.fetch({"tool"}, "v1", machine_arch(), [](const std::string&) {});
  CHECK(server.requests() ==
        std::vector<std::string>{"/v1/tool.sha256", "/v1/tool", "/v1/tool from 60000"});
  CHECK(artifacts.find("tool", "v1", machine_arch()).has_value());
}

TEST_CASE("artifacts: what an earlier run left is gone on with, even when it was all") {
  for (std::size_t have : {std::size_t{1}, kContent.size()}) {
    CAPTURE(have);
    Cache cache;
    HttpServer server;
    serve_tool(server);
    fs::create_directories(cache.path / "partial");
    write_file(cache.path / "partial" / sha256(kContent), kContent.substr(0, have));
    Artifacts artifacts(cache.path, catalog_for(server));
    CHECK(failure(artifacts) == "none");
    CHECK(server.requests()[1] == "/v1/tool from " + std::to_string(have));
  }
}

TEST_CASE("artifacts: a server that cannot resume sends it all again") {
  Cache cache;
  HttpServer server;
  serve_tool(server);
  server.serve("/v1/tool", {kContent, 200, "", 60'000, false});
  Artifacts artifacts(cache.path, catalog_for(server));
  artifacts.fetch({"tool"}, "v1", machine_arch(), [](const std::string&) {});
  CHECK(server.requests().back() == "/v1/tool");
  CHECK(read_file(artifacts.find("tool", "v1", machine_arch())->file) == kContent);
}

TEST_CASE("artifacts: redirects are followed") {
  Cache cache;
  HttpServer server;
  serve_tool(server);
  server.serve("/v1/tool", {"", 302, "/elsewhere"});
  server.serve("/elsewhere", {kContent});
  Artifacts artifacts(cache.path, catalog_for(server));
  CHECK(failure(artifacts) == "none");
}

TEST_CASE("artifacts: a mirror serves what upstream does not have") {
  Cache cache;
  HttpServer server;
  server.serve("/m", {kContent});
  Artifacts artifacts(cache.path, catalog_for(server, pinned(kContent) + mirror(server)));
  Notes notes;
  artifacts.fetch({"tool"}, "v1", machine_arch(), notes.add());
  CHECK(artifacts.find("tool", "v1", machine_arch())->origin == server.url("/m"));
  CHECK(notes.text.find(server.url("/v1/tool") + ": the server answered 404") != std::string::npos);
}

namespace {

/// Two artifacts of one build; `build` may be left out.
std::string unreachable_catalog(const std::string& host, bool build = true) {
  std::string builds =
      "builds:\n"
      "  tools: {version: v1, run: \"tools.sh {out}\", origin: made}\n";
  return (build ? builds : "") + "artifacts:\n  - name: [tool, other]\n    version: kubernetes\n" +
         "    arch: [" + machine_arch() + ", vax]\n    url: " + host +
         "/{name}\n    sha256_url: \"{url}.sha256\"\n" +
         (build ? "    build: tools\n    output: \"{name}\"\n" : "");
}

/// Where nobody listens any more.
std::string dead_host() {
  HttpServer gone;
  return gone.url("");
}

Scripts build_scripts() {
  return {{"helper.sh", "#!/bin/sh\necho \"working: $*\" >&2\n"},
          {"tools.sh",
           "set -e\n\"$(dirname \"$0\")/helper.sh\" hard\n"
           "for tool in tool other; do\n"
           "  echo $tool > \"$1/$tool.part\"; mv \"$1/$tool.part\" \"$1/$tool\"\n"
           "done\n"}};
}

}  // namespace

TEST_CASE("artifacts: with no source in reach one build gives all that it makes") {
  Cache cache;
  auto host = dead_host();
  Artifacts artifacts(cache.path, unreachable_catalog(host), build_scripts());
  Notes notes;
  artifacts.fetch({"tool"}, "v1", machine_arch(), notes.add());
  CHECK(notes.text == "tool v1: " + host + "/tool.sha256: couldn't connect to server\n" +
                          "building tools v1 with artifacts/tools.sh\n"
                          "  | working: hard\n");
  auto other = artifacts.find("other", "v1", machine_arch());
  REQUIRE(other.has_value());
  CHECK(other->origin == "made");
  CHECK(other->sha256 == sha256("other\n"));
  CHECK_FALSE(fs::exists(cache.path / "scripts"));
}

TEST_CASE("artifacts: a host that did not answer is not waited for again") {
  Cache cache;
  auto host = dead_host();
  Artifacts artifacts(cache.path, unreachable_catalog(host, false), {});
  failure(artifacts);
  CHECK(failure(artifacts) ==
        tried_in_vain(host + "/tool.sha256: not tried: its host could not be reached before"));
}

TEST_CASE("artifacts: a recipe with another origin builds anew what the old one built") {
  Cache cache;
  auto catalog = unreachable_catalog(dead_host());
  Artifacts before(cache.path, catalog, build_scripts());
  REQUIRE(failure(before) == "none");
  auto scripts = build_scripts();
  scripts["tools.sh"] = "echo mended > \"$1/tool\"\n";
  Artifacts same(cache.path, catalog, scripts);
  CHECK(same.find("tool", "v1", machine_arch()).has_value());
  catalog.replace(catalog.find("origin: made"), 12, "origin: mended");
  Artifacts after(cache.path, catalog, scripts);
  CHECK_FALSE(after.find("tool", "v1", machine_arch()).has_value());
  CHECK(failure(after) == "none");
  CHECK(read_file(after.find("tool", "v1", machine_arch())->file) == "mended\n");
}

TEST_CASE("artifacts: what an interrupted run built is taken, not built again") {
  Cache cache;
  fs::create_directories(cache.path / "built" / "tools-v1");
  write_file(cache.path / "built" / "tools-v1" / "tool", "made before");
  auto scripts = build_scripts();
  scripts["tools.sh"] = "exit 1\n";
  Artifacts artifacts(cache.path, unreachable_catalog(dead_host()), scripts);
  CHECK(failure(artifacts) == "none");
  CHECK(artifacts.find("tool", "v1", machine_arch())->sha256 == sha256("made before"));
  CHECK_FALSE(artifacts.find("other", "v1", machine_arch()).has_value());
}

TEST_CASE("artifacts: a build that fails says how it ended and its last words") {
  Cache cache;
  auto host = dead_host();
  auto scripts = build_scripts();
  scripts["tools.sh"] = "echo 'no compiler here' >&2; exit 7\n";
  Artifacts artifacts(cache.path, unreachable_catalog(host), scripts);
  CHECK(failure(artifacts) ==
        tried_in_vain(host + "/tool.sha256: couldn't connect to server\n"
                             "  - artifacts/tools.sh: 'tools.sh' failed with exit code 7: "
                             "no compiler here"));
}

TEST_CASE("artifacts: a Ctrl-C ends a build, and nothing else is tried") {
  Cache cache;
  auto scripts = build_scripts();
  scripts["tools.sh"] = "echo ready >&2; sleep 100\n";
  Artifacts artifacts(cache.path, unreachable_catalog(dead_host()), scripts);
  std::stop_source stop;
  auto interrupt = [&](const std::string& line) {
    if (line.find("ready") != std::string::npos) stop.request_stop();
  };
  const InterruptScope scope(stop.get_token());
  CHECK_THROWS_WITH_AS(artifacts.fetch({"tool"}, "v1", machine_arch(), interrupt), "interrupted",
                       Error);
  CHECK_FALSE(fs::exists(cache.path / "scripts"));
}

TEST_CASE("artifacts: a Ctrl-C ends a download, and nothing else is tried") {
  Cache cache;
  HttpServer server;
  serve_tool(server);
  Artifacts artifacts(cache.path, catalog_for(server, mirror(server)));
  std::stop_source stop;
  Notes notes;
  auto interrupt = [&](const std::string& line) {
    notes.text += line + "\n";
    stop.request_stop();
  };
  const InterruptScope scope(stop.get_token());
  CHECK_THROWS_WITH_AS(artifacts.fetch({"tool"}, "v1", machine_arch(), interrupt), "interrupted",
                       Error);
  CHECK(notes.text == "tool v1: downloading " + server.url("/v1/tool") + "\n");
}

TEST_CASE("artifacts: a server that is busy is asked again when it says") {
  Cache cache;
  HttpServer server;
  serve_tool(server);
  server.serve("/v1/tool", {kContent, 200, "", 0, true, 2});
  Artifacts artifacts(cache.path, catalog_for(server));
  CHECK(failure(artifacts) == "none");
  CHECK(server.requests() ==
        std::vector<std::string>{"/v1/tool.sha256", "/v1/tool", "/v1/tool", "/v1/tool"});
}

TEST_CASE("artifacts: a build makes its own version for this machine only") {
  Cache cache;
  Artifacts artifacts(cache.path, unreachable_catalog(dead_host()), build_scripts());
  auto ignore = [](const std::string&) {};
  auto only = "artifacts/tools.sh: builds v1 for " + machine_arch() + " only";
  for (auto [version, arch] : {std::pair{"v2", machine_arch()}, {"v1", std::string("vax")}}) {
    std::string said;
    try {
      artifacts.fetch({"tool"}, version, arch, ignore);
    } catch (const Error& error) {
      said = error.what();
    }
    CHECK(said.find(only) != std::string::npos);
  }
}

TEST_CASE("artifacts: an optional one that is nowhere is left out with the reason") {
  Cache cache;
  HttpServer server;
  Artifacts artifacts(cache.path, catalog_for(server, "    optional: tools are missing\n"));
  Notes notes;
  auto left_out = artifacts.fetch({"tool"}, "v1", machine_arch(), notes.add());
  REQUIRE(left_out.size() == 1);
  CHECK(left_out[0].first == "tool");
  CHECK(left_out[0].second == server.url("/v1/tool.sha256") + ": the server answered 404");
  CHECK(notes.text.find("tool v1: left out; tools are missing\n") != std::string::npos);
}

TEST_CASE("artifacts: a name that the catalog does not have gets a suggestion") {
  Cache cache;
  HttpServer server;
  Artifacts artifacts(cache.path, catalog_for(server));
  CHECK_THROWS_WITH_AS(artifacts.find("toool", "v1", "amd64"),
                       "the catalog has no artifact 'toool'\n  did you mean 'tool'?", Error);
}

TEST_CASE("artifacts: a flipped byte is found by verify, moved aside, and fetched anew") {
  Cache cache;
  HttpServer server;
  serve_tool(server);
  Artifacts artifacts(cache.path, catalog_for(server));
  artifacts.fetch({"tool"}, "v1", machine_arch(), [](const std::string&) {});
  auto file = artifacts.find("tool", "v1", machine_arch())->file;
  std::fstream(file, std::ios::in | std::ios::out | std::ios::binary).seekp(1000).put('X');
  auto wrong = artifacts.verify();
  REQUIRE(wrong.size() == 1);
  CHECK(wrong[0].name == "tool");
  CHECK(cache.count("damaged") == 1);
  CHECK_FALSE(artifacts.find("tool", "v1", machine_arch()).has_value());
  CHECK(artifacts.verify().empty());
  CHECK(failure(artifacts) == "none");
  CHECK(read_file(artifacts.find("tool", "v1", machine_arch())->file) == kContent);
}

TEST_CASE("artifacts: a cut file is noticed at once and moved aside") {
  Cache cache;
  HttpServer server;
  serve_tool(server);
  Artifacts artifacts(cache.path, catalog_for(server));
  artifacts.fetch({"tool"}, "v1", machine_arch(), [](const std::string&) {});
  fs::resize_file(artifacts.find("tool", "v1", machine_arch())->file, 10);
  CHECK_FALSE(artifacts.find("tool", "v1", machine_arch()).has_value());
  CHECK(cache.count("damaged") == 1);
}

TEST_CASE("artifacts: a broken index counts as missing and is mended by the next fetch") {
  for (std::string broken : {"", "{\"name\": \"tool\"", "[]", "{\"name\": 7}"}) {
    CAPTURE(broken);
    Cache cache;
    HttpServer server;
    serve_tool(server);
    Artifacts artifacts(cache.path, catalog_for(server));
    artifacts.fetch({"tool"}, "v1", machine_arch(), [](const std::string&) {});
    write_file(cache.path / "index" / ("tool@v1-" + machine_arch() + ".json"), broken);
    CHECK_FALSE(artifacts.find("tool", "v1", machine_arch()).has_value());
    CHECK(artifacts.verify().empty());
    CHECK(failure(artifacts) == "none");
    CHECK(artifacts.find("tool", "v1", machine_arch()).has_value());
  }
}

TEST_CASE("artifacts: of several that want a file at once, one fetches it") {
  Cache cache;
  HttpServer server;
  serve_tool(server);
  std::atomic<int> good = 0;
  auto fetch = [&] {
    Artifacts artifacts(cache.path, catalog_for(server));
    if (failure(artifacts) == "none") ++good;
  };
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(fetch);
  threads.clear();
  CHECK(good == 4);
  CHECK(server.requests() == std::vector<std::string>{"/v1/tool.sha256", "/v1/tool"});
}

TEST_CASE("artifacts: those of another architecture are fetched, and never built here") {
  Cache cache;
  HttpServer server;
  const std::string other = machine_arch() == "arm64" ? "amd64" : "arm64";
  server.serve("/" + other + "/tool", {kContent});
  server.serve("/" + other + "/tool.sha256", {sha256(kContent) + "  tool\n"});
  Artifacts artifacts(
      cache.path,
      "builds:\n  kit:\n    version: v1\n    run: kit.sh {out}\n    origin: here\n"
      "artifacts:\n  - name: tool\n    version: kubernetes\n    arch: [amd64, arm64]\n"
      "    url: " +
          server.url("/{arch}/{name}") +
          "\n    sha256_url: \"{url}.sha256\"\n"
          "  - name: kit\n    version: v1\n    arch: [amd64, arm64]\n    build: kit\n"
          "    output: kit\n");
  CHECK(artifacts.can_fetch("tool", other));
  CHECK(artifacts.can_fetch("kit", machine_arch()));
  CHECK_FALSE(artifacts.can_fetch("kit", other));
  CHECK_FALSE(artifacts.can_fetch("tool", "riscv64"));
  artifacts.fetch({"tool"}, "v1", other, [](const std::string&) {});
  CHECK(artifacts.find("tool", "v1", other).has_value());
  CHECK_FALSE(artifacts.find("tool", "v1", machine_arch()).has_value());
  artifacts.stay_offline();
  CHECK_FALSE(artifacts.can_fetch("tool", other));
}
