// What the cache gives to bundles and takes out of them, and life without a network.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdlib>

#include "provisioner/artifacts/artifacts.h"
#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/sha256.h"
#include "tests/support/folder.h"
#include "tests/support/http_server.h"
#include "tests/support/said.h"

using namespace muster;
namespace fs = std::filesystem;

namespace {

void quiet(const std::string&) {}

const std::string kTool = "#!/bin/sh\n" + std::string(5000, 't');
const std::string kHelp = "help";

std::string catalog_with(const std::string& url) {
  std::string text = "artifacts:\n";
  for (const auto& [name, content] : {std::pair{"tool", kTool}, {"help", kHelp}}) {
    text += std::string("  - name: ") + name + "\n    version: kubernetes\n    arch: [" +
            machine_arch() + "]\n    url: " + url + "/" + name + "\n    sha256: {v1/" +
            machine_arch() + ": " + sha256(content) + "}\n";
  }
  return text + "    optional: nobody helps\n";
}

/// A cache that was filled from a server, and a bundle of it with an image.
struct Site {
  Site() {
    server.serve("/tool", {kTool});
    server.serve("/help", {kHelp});
    from.fetch({"tool", "help"}, "v1", machine_arch(), quiet);
    make_directory(image / "bin");
    write_file(image / "bin/sh", "shell", 04755);
    fs::create_symlink("bin/sh", image / "sh");
    fs::create_hard_link(image / "bin/sh", image / "bin/ash");
  }
  void pack(const std::vector<std::string>& names) {
    std::vector<Artifact> artifacts;
    for (const auto& name : names) artifacts.push_back(*from.find(name, "v1", machine_arch()));
    from.pack(bundle, artifacts, {image}, {"0.1", {"trial"}, {}}, quiet);
  }
  TestFolder folder;
  HttpServer server;
  std::string catalog = catalog_with(server.url(""));
  Artifacts from{folder / "from", catalog};
  fs::path image = folder.path() / "from/images/node-1";
  fs::path to = folder.path() / "to";
  fs::path bundle = folder.path() / "b.tar.zst";
};

}  // namespace

TEST_CASE("offline: a bundle fills an empty cache, images too, and nothing is asked") {
  Site site;
  site.pack({"tool", "help"});
  const auto asked = site.server.requests().size();
  Artifacts artifacts(site.to, site.catalog);
  artifacts.stay_offline();
  artifacts.unpack(site.bundle, quiet);
  CHECK(artifacts.fetch({"tool", "help"}, "v1", machine_arch(), quiet).empty());
  auto tool = artifacts.find("tool", "v1", machine_arch());
  REQUIRE(tool);
  CHECK(read_file(tool->file) == kTool);
  CHECK(tool->origin == site.server.url("/tool"));
  CHECK(fs::status(tool->file).permissions() == fs::perms{0755});
  CHECK(artifacts.verify().empty());
  CHECK(site.server.requests().size() == asked);

  auto image = site.to / "images/node-1";
  CHECK(read_file(image / "bin/sh") == "shell");
  CHECK(fs::read_symlink(image / "sh") == "bin/sh");
  CHECK(fs::hard_link_count(image / "bin/sh") == 2);
  CHECK((fs::status(image / "bin/sh").permissions() & fs::perms::set_uid) != fs::perms::none);
  CHECK(fs::is_empty(site.to / "partial"));
  CHECK_FALSE(fs::exists(site.to / "images/node-1.part"));
}

TEST_CASE("offline: what a bundle claims of its files is not taken for checked") {
  Site site;
  site.pack({"tool"});
  Artifacts artifacts(site.to, site.catalog);
  artifacts.unpack(site.bundle, quiet);
  auto tool = artifacts.find("tool", "v1", machine_arch());
  REQUIRE(tool);
  CHECK(tool->bundle == site.bundle.string());
  CHECK(artifacts.list("v1", machine_arch()).front().bundle == site.bundle.string());
  REQUIRE(artifacts.out_of_bundles().size() == 1);
  CHECK(artifacts.out_of_bundles().front().name == "tool");
  // What is downloaded and checked here is not.
  artifacts.fetch({"help"}, "v1", machine_arch(), quiet);
  CHECK(artifacts.find("help", "v1", machine_arch())->bundle == "");
  CHECK(artifacts.out_of_bundles().size() == 1);
}

TEST_CASE("offline: a bundle with another file than the catalog pins is refused") {
  Site site;
  site.pack({"tool"});
  auto catalog = site.catalog;
  const auto pin = sha256(kTool);
  catalog.replace(catalog.find(pin), pin.size(), std::string(64, 'a'));
  Artifacts artifacts(site.to, catalog);
  CHECK(error_of([&] { artifacts.unpack(site.bundle, quiet); }) ==
        "the bundle '" + site.bundle.string() + "' has another 'artifacts/tool@v1-" +
            machine_arch() + "' than the catalog: its sha256 is " + pin + ", not " +
            std::string(64, 'a') +
            "\n  make the bundle with this muster: muster bundle create FILE");
  CHECK_FALSE(artifacts.find("tool", "v1", machine_arch()).has_value());
}

TEST_CASE("offline: the same cache gives the same bundle") {
  Site site;
  site.pack({"tool", "help"});
  auto first = read_file(site.bundle);
  site.pack({"help", "tool", "help"});
  CHECK(read_file(site.bundle) == first);
  CHECK(fs::is_empty(site.folder.path() / "from/partial"));
}

TEST_CASE("offline: what is there stays, and what a killed muster left is in nobody's way") {
  Site site;
  site.pack({"tool"});
  make_directory(site.to / "images/node-1.part/bin");
  make_directory(site.to / "partial");
  write_file(site.to / "images/node-1.part/half", "half");
  write_file(site.to / "partial" / sha256(kTool), "half");
  Artifacts artifacts(site.to, site.catalog);
  artifacts.unpack(site.bundle, quiet);
  CHECK_FALSE(fs::exists(site.to / "images/node-1/half"));
  CHECK(artifacts.verify().empty());
  struct stat before {
  }, after{};
  const auto file = artifacts.find("tool", "v1", machine_arch())->file;
  ::stat(file.c_str(), &before);
  std::string notes;
  artifacts.unpack(site.bundle, [&](const std::string& line) { notes += line; });
  ::stat(file.c_str(), &after);
  CHECK(before.st_ino == after.st_ino);
  CHECK(notes == "");
}

TEST_CASE("offline: of a damaged bundle no damaged file is taken, even when all is there") {
  Site site;
  site.pack({"tool"});
  auto bytes = read_file(site.bundle);
  auto changed = bytes;
  // Behind the manifest: the artifact, then the image.
  const auto at = bytes.find(std::string_view("\x28\xb5\x2f\xfd", 4), 4) + 20;
  changed[at] = static_cast<char>(changed[at] ^ 1);
  write_file(site.bundle, changed);
  Artifacts artifacts(site.to, site.catalog);
  auto said = error_of([&] { artifacts.unpack(site.bundle, quiet); });
  CHECK(has(said, "damaged at 'artifacts/tool@v1-" + machine_arch() + "'"));
  CHECK_FALSE(artifacts.find("tool", "v1", machine_arch()).has_value());
  CHECK(fs::is_empty(site.to / "partial"));
  CHECK_FALSE(fs::exists(site.to / "images/node-1"));
  CHECK(has(error_of([&] { site.from.unpack(site.bundle, quiet); }), "damaged at 'artifacts/tool"));
}

TEST_CASE("offline: what is in neither cache nor bundle is named, and what is optional left out") {
  Site site;
  Artifacts artifacts(site.to, site.catalog);
  artifacts.stay_offline();
  auto said = error_of([&] { artifacts.fetch({"tool"}, "v1", machine_arch(), quiet); });
  CHECK(has(said, "neither in the cache nor in the bundle, for " + machine_arch() + ": tool v1"));
  CHECK(has(said, "muster bundle create"));
  auto left_out = artifacts.fetch({"help"}, "v1", machine_arch(), quiet);
  REQUIRE(left_out.size() == 1);
  CHECK(left_out[0].first == "help");
  CHECK(site.server.requests().size() == 2);
}

TEST_CASE("offline: nodes get no address to download from") {
  Site site;
  Artifacts artifacts(site.to, catalog_with("https://dl.example.org"));
  for (const char* folder : {"store", "index"}) make_directory(site.to / folder);
  write_file(site.to / "store" / sha256(kTool), kTool);
  write_file(site.to / "index" / ("tool@v1-" + machine_arch() + ".json"),
             "{\"name\": \"tool\", \"version\": \"v1\", \"arch\": \"" + machine_arch() +
                 "\", \"sha256\": \"" + sha256(kTool) + "\", \"bytes\": " +
                 std::to_string(kTool.size()) + ", \"origin\": \"https://dl.example.org/tool\"}");
  CHECK(artifacts.find("tool", "v1", machine_arch())->url == "https://dl.example.org/tool");
  artifacts.stay_offline();
  CHECK(artifacts.find("tool", "v1", machine_arch())->url == "");
}

TEST_CASE("offline: one who is stopped leaves no bundle, and takes nothing") {
  Site site;
  std::stop_source stop;
  stop.request_stop();
  auto tool = *site.from.find("tool", "v1", machine_arch());
  auto pack = [&](const std::stop_token& token) {
    site.from.pack(site.bundle, {tool}, {}, {"0.1", {"trial"}, {}}, quiet, token);
  };
  CHECK(error_of([&] { pack(stop.get_token()); }) == "stopped: no bundle was made");
  CHECK_FALSE(fs::exists(site.bundle));
  CHECK_FALSE(fs::exists(site.bundle.string() + ".part"));
  pack({});
  Artifacts artifacts(site.to, site.catalog);
  CHECK(error_of([&] { artifacts.unpack(site.bundle, quiet, stop.get_token()); }) == "stopped");
  CHECK_FALSE(artifacts.find("tool", "v1", machine_arch()).has_value());
}

TEST_CASE("offline: a disk that is full is an error, and no file is taken") {
  Site site;
  site.pack({"tool"});
  make_directory(site.to / "partial");
  fs::create_symlink("/dev/full", site.to / "partial" / sha256(kTool));
  Artifacts artifacts(site.to, site.catalog);
  CHECK(has(error_of([&] { artifacts.unpack(site.bundle, quiet); }), "No space left on device"));
  CHECK_FALSE(artifacts.find("tool", "v1", machine_arch()).has_value());
}

TEST_CASE("mirrors: the longest beginning that fits is replaced") {
  Mirrors mirrors("https://a=https://m/a/  https://a/deep=http://127.0.0.1:8 https://b/=https://m");
  CHECK(mirrors.resolve("https://a/x") == "https://m/a/x");
  CHECK(mirrors.resolve("https://a/deep/x") == "http://127.0.0.1:8/x");
  CHECK(mirrors.resolve("https://a.example.org/x") == "https://a.example.org/x");
  CHECK(mirrors.resolve("https://b/x?y") == "https://m/x?y");
  CHECK(Mirrors("").resolve("https://a/x") == "https://a/x");
  for (const char* wrong : {"https://a", "a=https://b", "https://a=", "https://a=ftp://b"}) {
    CHECK(has(error_of([&] { Mirrors{wrong}; }), std::string("wrong at '") + wrong + "'"));
  }
}

TEST_CASE("mirrors: a mirror is asked in place of what it stands for") {
  Site site;
  Artifacts artifacts(site.to, catalog_with("https://dl.example.invalid/release"));
  artifacts.use_mirrors(Mirrors("https://dl.example.invalid/release=" + site.server.url("")));
  CHECK(artifacts.list("v1", machine_arch())[0].origin == site.server.url("/tool"));
  artifacts.fetch({"tool"}, "v1", machine_arch(), quiet);
  CHECK(artifacts.find("tool", "v1", machine_arch())->origin == site.server.url("/tool"));
}

TEST_CASE("proxies: http_proxy is asked for everything but what no_proxy names") {
  Site site;
  HttpServer proxy;
  proxy.serve("http://dl.example.invalid/tool", {kTool});
  ::setenv("http_proxy", proxy.url("").c_str(), 1);
  ::setenv("no_proxy", "127.0.0.1", 1);
  Artifacts through(site.to, catalog_with("http://dl.example.invalid"));
  auto said = error_of([&] { through.fetch({"tool"}, "v1", machine_arch(), quiet); });
  Artifacts past(site.folder / "past", site.catalog);
  auto said_past = error_of([&] { past.fetch({"tool"}, "v1", machine_arch(), quiet); });
  ::unsetenv("http_proxy");
  ::unsetenv("no_proxy");
  CHECK(said == "none");
  CHECK(said_past == "none");
  CHECK(proxy.requests() == std::vector<std::string>{"http://dl.example.invalid/tool"});
}
