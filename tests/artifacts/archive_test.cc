// Programs out of upstream's archives, and the files of sums beside them.
#include "provisioner/artifacts/archive.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "provisioner/artifacts/artifacts.h"
#include "provisioner/artifacts/sums.h"
#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/process.h"
#include "provisioner/base/sha256.h"
#include "tests/support/folder.h"
#include "tests/support/http_server.h"

using namespace muster;
namespace fs = std::filesystem;

namespace {

const std::string kDaemon = "#!/bin/sh\necho daemon\n" + std::string(100'000, '#');
const std::string kClient = "#!/bin/sh\necho client\n";

/// What a release has: kit-v1/bin/{daemon,client}, and a link.
std::string made_archive(const std::string& compression = "--gzip") {
  TestFolder folder;
  make_directory(folder.path() / "kit-v1/bin");
  write_file(folder.path() / "kit-v1/bin/daemon", kDaemon);
  write_file(folder.path() / "kit-v1/bin/client", kClient);
  fs::create_symlink("/etc/passwd", folder.path() / "kit-v1/bin/link");
  ProcessSpec spec;
  spec.argv = {"tar",
               "--create",
               compression,
               "--file=" + (folder.path() / "kit").string(),
               "--directory=" + folder.path().string(),
               "./kit-v1"};
  spec.deadline = std::chrono::minutes{1};
  run_or_throw(spec);
  return read_file(folder.path() / "kit");
}

std::string kit_catalog(const HttpServer& server) {
  return "builds:\n  kit: {run: \"kit.sh {version} {out}\", origin: \"made of {version}\"}\n"
         "artifacts:\n  - name: [daemon, client]\n    version: kubernetes\n    arch: [" +
         machine_arch() + "]\n    url: " + server.url("/kit-{number}.tgz") +
         "\n    sha256_url: " + server.url("/SUMS") +
         "\n    member: \"kit-{version}/bin/{name}\"\n    build: kit\n    output: \"{name}\"\n";
}

struct Kit {
  explicit Kit(Scripts scripts = {})
      : artifacts(folder.path(), kit_catalog(server), std::move(scripts)) {}

  /// The archive, and sums as releases have them: of other files too.
  void serve(const std::string& archive) {
    server.serve("/kit-1.tgz", {archive});
    server.serve("/SUMS", {std::string(64, '0') + "  kit-1.zip\n" + sha256(archive) +
                           " *./dist/kit-1.tgz\n"});
  }
  std::string fetch(const std::string& name, const std::string& version = "v1") try {
    artifacts.fetch({name}, version, machine_arch(), [](const std::string&) {});
    return "done";
  } catch (const Error& error) {
    return error.what();
  }
  std::optional<Artifact> find(const std::string& name, const std::string& version = "v1") {
    return artifacts.find(name, version, machine_arch());
  }

  TestFolder folder;
  HttpServer server;
  Artifacts artifacts;
};

}  // namespace

TEST_CASE("archives: a program is kept by its own hash, and says which archive it was in") {
  Kit kit;
  kit.serve(made_archive());
  REQUIRE(kit.fetch("daemon") == "done");
  auto found = kit.find("daemon");
  REQUIRE(found.has_value());
  CHECK(found->sha256 == sha256(kDaemon));
  CHECK(found->origin == kit.server.url("/kit-1.tgz") + "#kit-v1/bin/daemon");
  CHECK(found->url == "");  // a node would get the archive there
  CHECK(read_file(found->file) == kDaemon);
  CHECK(fs::status(found->file).permissions() == fs::perms{0755});
  CHECK(fs::is_empty(kit.folder.path() / "partial"));
}

TEST_CASE("archives: one download gives all programs of the archive") {
  Kit kit;
  kit.serve(made_archive());
  REQUIRE(kit.fetch("client") == "done");
  CHECK(read_file(kit.find("daemon")->file) == kDaemon);
  REQUIRE(kit.fetch("daemon") == "done");
  CHECK(kit.server.requests() == std::vector<std::string>{"/SUMS", "/kit-1.tgz"});
}

TEST_CASE("archives: one with another sha256 is not opened") {
  Kit kit;
  kit.serve(made_archive());
  kit.server.serve("/kit-1.tgz", {"something else"});
  CHECK(kit.fetch("daemon").find(kit.server.url("/kit-1.tgz") + ": refused: its sha256 is " +
                                 sha256("something else")) != std::string::npos);
  CHECK_FALSE(kit.find("daemon").has_value());
}

TEST_CASE("archives: a program that is not there, and an archive that is none, are told") {
  Kit kit;
  kit.serve("no archive at all");
  CHECK(kit.fetch("daemon").find("/kit-1.tgz: it cannot be read: Unrecognized archive format") !=
        std::string::npos);
  auto archive = made_archive();
  kit.serve(archive.substr(0, archive.size() / 2));
  CHECK(kit.fetch("daemon").find("/kit-1.tgz: it cannot be read: ") != std::string::npos);
  CHECK_FALSE(kit.find("daemon").has_value());
  CHECK(fs::is_empty(kit.folder.path() / "partial"));
}

TEST_CASE("archives: a sum must be there for the file") {
  Kit kit;
  kit.serve(made_archive());
  kit.server.serve("/SUMS", {std::string(64, '0') + "  a\n" + std::string(64, '1') + "  b\n"});
  CHECK(kit.fetch("daemon").find("/SUMS: it holds no sha256 of 'kit-1.tgz'") != std::string::npos);
}

TEST_CASE("archives: members are found whatever the compression, and links are none") {
  for (std::string compression : {"--gzip", "--xz", "--zstd", "--no-auto-compress"}) {
    CAPTURE(compression);
    TestFolder folder;
    write_file(folder.path() / "kit", made_archive(compression));
    auto to = folder.path() / "out";
    CHECK(extract_member(folder.path() / "kit", "kit-v1/bin/client", to) == "");
    CHECK(read_file(to) == kClient);
    CHECK(extract_member(folder.path() / "kit", "./kit-v1/bin/daemon", to) == "");
    CHECK(read_file(to) == kDaemon);
    fs::remove(to);
    CHECK(extract_member(folder.path() / "kit", "bin/client", to) ==
          "there is no 'bin/client' in it");
    CHECK(extract_member(folder.path() / "kit", "kit-v1/bin/link", to) ==
          "'kit-v1/bin/link' in it is no file");
    CHECK(extract_member(folder.path() / "kit", "kit-v1/bin/", to) ==
          "'kit-v1/bin/' in it is no file");
    CHECK_FALSE(fs::exists(to));
  }
  CHECK(extract_member("/none", "a", "/b").find("it cannot be read: ") == 0);
}

TEST_CASE("archives: the pin of one is not held against its programs in a bundle") {
  TestFolder folder;
  HttpServer server;
  auto archive = made_archive();
  server.serve("/kit-1.tgz", {archive});
  auto catalog =
      kit_catalog(server) + "    sha256: {v1/" + machine_arch() + ": " + sha256(archive) + "}\n";
  auto quiet = [](const std::string&) {};
  Artifacts from(folder.path() / "from", catalog), to(folder.path() / "to", catalog);
  from.fetch({"client"}, "v1", machine_arch(), quiet);
  CHECK(server.requests() == std::vector<std::string>{"/kit-1.tgz"});
  from.pack(folder.path() / "bundle", {*from.find("client", "v1", machine_arch())}, {},
            {"0.1", {"trial"}, {}}, quiet);
  to.unpack(folder.path() / "bundle", quiet);
  REQUIRE(to.find("client", "v1", machine_arch()).has_value());
  CHECK(read_file(to.find("client", "v1", machine_arch())->file) == kClient);
}

TEST_CASE("archives: where none is in reach, each version with a module of its own is built") {
  Kit kit({{"kit.sh",
            "dir=$(dirname \"$0\")/go/kit/$1; for tool in daemon client; do "
            "{ cat \"$dir/go.mod\"; echo $tool; } >\"$2/$tool\"; done\n"},
           {"go/kit/v1/go.mod", "one"},
           {"go/kit/v2/go.mod", "two"},
           {"go/kite/v3/go.mod", "three"}});
  REQUIRE(kit.fetch("daemon", "v1") == "done");
  REQUIRE(kit.fetch("daemon", "v2") == "done");
  CHECK(read_file(kit.find("daemon", "v1")->file) == "onedaemon\n");
  CHECK(read_file(kit.find("client", "v2")->file) == "twoclient\n");
  CHECK(kit.find("client", "v2")->origin == "made of v2");
  CHECK(kit.fetch("daemon", "v3")
            .find("artifacts/kit.sh: builds v1, v2 for " + machine_arch() + " only") !=
        std::string::npos);
}

TEST_CASE("sums: a hash alone, the line of the file, and a single line of any name") {
  const std::string a(64, 'a'), b(64, 'b');
  CHECK(sha256_in(a, "tool") == a);
  CHECK(sha256_in(a + "\n", "tool") == a);
  CHECK(sha256_in(a + "  other\n", "tool") == a);
  CHECK(sha256_in(a + "  other\n" + b + "  tool\n", "tool") == b);
  CHECK(sha256_in(a + "  tool.txt\r\n" + b + " *bin/tool\r\n", "tool") == b);
  CHECK(sha256_in("Hash: SHA256\n\n" + a + "  other\n" + b + "  tool\n", "tool") == b);
  CHECK(sha256_in(a + "  other\n" + b + "  another\n", "tool") == "");
  CHECK(sha256_in(std::string(64, 'A') + "  tool\n", "tool") == "");
  CHECK(sha256_in("", "tool") == "");
  CHECK(sha256_in("<html>", "tool") == "");
}
