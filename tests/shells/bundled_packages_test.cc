// Packages from a bundle: apt's only source for that moment, and gone afterwards. That the real apt
// takes them is tested in integration/offline_hosts.sh.
#include "provisioner/base/process.h"
#include "tests/shells/ledgers.h"

using namespace muster;
using namespace muster::testing;
namespace fs = std::filesystem;

namespace {

const std::string kSum(64, 'c');
const std::string kRole = "tasks:\n  - {name: a, package: {names: [a]}}\n";

/// An apt-get that notes the source that it was given, and what is in it.
const std::string kApt = R"(
for word; do
  case $word in
    Dir::Etc::SourceList=*)
      cat "${word#*=}" >/source
      while read -r deb trusted place end; do ls "${place#file:}" >/there; done </source
      ;;
    Dir::Etc::SourceParts=*) echo "${word#*=}" >>/source ;;
  esac
done
[ ! -e /broken ] || exit 100
case $* in
  *install\ *) mkdir -p /pkgs && echo installed >/pkgs/a ;;
esac
)";

/// A node with a tar of packages in its store.
struct Site {
  Site() : node(Flavour::dash), one(role("one", kRole)) {
    auto programs = fs::path(MUSTER_SOURCE_DIR) / "tests/shells/programs";
    for (const char* name : {"dpkg-query", "dpkg", "apt-cache"}) {
      node.add_program(name, read_file(programs / name));
    }
    node.add_program("apt-get", kApt);
    fs::create_directories(node / "pkgs");
    write_file(folder / "Packages", "Package: a\n");
    run_or_throw({"tar", "--create", "--file=" + (node / "opt/muster/store" / kSum).string(),
                  "--directory=" + folder.path().string(), "."});
    one.packages_sha256 = kSum;
  }
  TestFolder folder;
  Sandbox node;
  Compiling one;
};

}  // namespace

TEST_SUITE_BEGIN("needs root" * doctest::skip(!Sandbox::possible()));

TEST_CASE("bundled packages: apt has them as its only source, and they go afterwards") {
  Site site;
  CHECK(apply(site.node, site.one).starts_with("changed: install a"));
  CHECK(read_file(site.node / "source") ==
        "deb [trusted=yes] file:/var/lib/muster/packages ./\n/dev/null\n");
  auto there = read_file(site.node / "there");
  CHECK(there.find("Packages\n") != std::string::npos);
  CHECK_FALSE(fs::exists(site.node / "var/lib/muster/packages"));
  CHECK(fs::exists(site.node / "opt/muster/store" / kSum));
  CHECK(apply(site.node, site.one) == "unchanged: ");
  CHECK(undo(site.node, site.one).starts_with("changed: remove a"));
}

TEST_CASE("bundled packages: nothing of them is touched as a check, or when all is installed") {
  Site site;
  auto ran = site.node.run(site.one.script(Mode::check).script, kNonce);
  CHECK(last(ran) == "changed: install a");
  CHECK_FALSE(fs::exists(site.node / "source"));
  write_file(site.node / "pkgs/a", "installed\n");
  CHECK(apply(site.node, site.one) == "unchanged: ");
  CHECK_FALSE(fs::exists(site.node / "source"));
}

TEST_CASE("bundled packages: when apt fails the task fails, and the folder goes all the same") {
  Site site;
  write_file(site.node / "broken", "");
  auto said = apply(site.node, site.one);
  CHECK(said.starts_with("failed: "));
  CHECK(said.find("was it made for this definition") != std::string::npos);
  CHECK_FALSE(fs::exists(site.node / "var/lib/muster/packages"));
  fs::remove(site.node / "broken");
  write_file(site.node / "opt/muster/store" / kSum, "no tar");
  said = apply(site.node, site.one);
  CHECK(said.starts_with("failed: "));
  CHECK(said.find("cannot unpack the bundle's packages") != std::string::npos);
  CHECK_FALSE(fs::exists(site.node / "var/lib/muster/packages"));
}

TEST_CASE(
    "bundled packages: what a killed script left is in nobody's way, and undo takes it along") {
  Site site;
  write_file((fs::create_directories(site.node / "var/lib/muster/packages"),
              site.node / "var/lib/muster/packages/old"),
             "");
  CHECK(apply(site.node, site.one).starts_with("changed: install a"));
  CHECK(read_file(site.node / "there").find("old") == std::string::npos);
  fs::create_directories(site.node / "var/lib/muster/packages");
  CHECK(undo(site.node, site.one).starts_with("changed: remove a"));
  CHECK_FALSE(fs::exists(site.node / "var/lib/muster/packages"));
}

TEST_CASE("bundled packages: without them the node's own sources are used, as ever") {
  Site site;
  site.one.packages_sha256.clear();
  CHECK(apply(site.node, site.one).starts_with("changed: install a"));
  CHECK_FALSE(fs::exists(site.node / "source"));
}

TEST_SUITE_END();
