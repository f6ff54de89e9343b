// Files on their way to a node: a real sshd, behind a line that counts, is slow, or is cut. The
// node's store is this machine's /opt/muster/store, under a tmpfs in a mount namespace of our own.
// Needs root, and is run by tests/integration/upload.sh.
#include <doctest/doctest.h>
#include <sched.h>
#include <sys/mount.h>

#include <fstream>
#include <future>

#include "provisioner/base/process.h"
#include "provisioner/base/sha256.h"
#include "provisioner/base/text.h"
#include "provisioner/run/node_link.h"
#include "tests/support/http_server.h"
#include "tests/support/proxy.h"
#include "tests/support/sshd.h"

using namespace muster;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kMiB = 1 << 20;
/// What a connection and the scripts take on the line, many times over.
constexpr std::uint64_t kTalk = 100'000;

/// Once, before there are threads.
void enter_namespace() {
  static bool entered = [] {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("none", "/opt", "tmpfs", 0, nullptr) != 0) {
      throw std::runtime_error("needs root");
    }
    return true;
  }();
  (void)entered;
}

enum class Packs { no, well };

/// Packs to a third or so, as programs do: a random byte after two that repeat. Or not at all.
std::string make_content(std::size_t size, std::uint32_t seed, Packs packs) {
  std::string content(size, 'x');
  for (std::size_t at = 0; at < size; at += packs == Packs::well ? 3 : 1) {
    seed = seed * 1664525 + 1013904223;
    content[at] = static_cast<char>(seed >> 24);
  }
  return content;
}

/// How busy this machine is must not decide what a line looks like.
struct KnownContention : RunResources {
  explicit KnownContention(double known) {
    contention = [known] { return known; };
  }
};
KnownContention resources(1);
/// Whatever looks slow is the machine's doing.
KnownContention fast_line(1e6);

struct Node {
  Node() {
    enter_namespace();
    fs::remove_all("/opt/muster/store");
    sshd = std::make_unique<TestSshd>();
    line = std::make_unique<Proxy>(sshd->port());
  }

  Artifact artifact(std::size_t size, Packs packs = Packs::no) {
    static std::uint32_t seed = 1;
    content = make_content(size, ++seed, packs);
    Artifact artifact;
    artifact.name = "tool";
    artifact.sha256 = sha256(content);
    artifact.file = cache / ("store/" + artifact.sha256);
    make_directory(artifact.file.parent_path());
    write_file(artifact.file, content);
    return artifact;
  }

  /// As a run does, with what it has learned.
  void provide(NodeLinks& links, const Artifact& artifact) {
    auto endpoint = sshd->endpoint();
    endpoint.port = line->port();
    links.to("n-1", endpoint).provide(artifact, [&](const std::string& note) {
      notes += note + "\n";
    });
  }
  void provide(const Artifact& artifact) {
    auto links = run();
    provide(*links, artifact);
  }
  std::unique_ptr<NodeLinks> run() {
    auto options = sshd->options();
    options.keepalive = 1s;
    return std::make_unique<NodeLinks>(LinkOptions{options, "d", known, {}});
  }

  bool holds(const Artifact& artifact) const {
    auto file = stored(artifact);
    return fs::exists(file) && sha256_of_file(file) == artifact.sha256 &&
           (fs::status(file).permissions() & fs::perms::mask) == fs::perms{0755};
  }
  static fs::path stored(const Artifact& artifact) {
    return "/opt/muster/store/" + artifact.sha256;
  }
  static std::uintmax_t bytes_in_store() {
    std::uintmax_t bytes = 0;
    std::error_code gone;
    for (const auto& file : fs::directory_iterator("/opt/muster/store", gone)) {
      auto size = file.file_size(gone);
      if (!gone) bytes += size;
    }
    return bytes;
  }
  static std::size_t files_in_store() {
    auto files = fs::directory_iterator("/opt/muster/store");
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
  }

  TestFolder cache;
  std::unique_ptr<TestSshd> sshd;
  std::unique_ptr<Proxy> line;
  RunResources* known = &resources;
  std::string content;
  std::string notes;
};

}  // namespace

TEST_CASE("upload: a file crosses the wire once, as it is on a fast line") {
  Node node;
  node.known = &fast_line;
  auto file = node.artifact(30 * kMiB, Packs::well);
  node.provide(file);
  CHECK(node.holds(file));
  CHECK(node.files_in_store() == 2);  // and .checked
  CHECK(node.line->sent() > 30 * kMiB);
  CHECK(node.line->sent() < 31 * kMiB);
  CHECK(node.notes == "");
  CHECK_FALSE(fs::exists(node.cache / "packed"));

  // Another run of muster.
  auto before = node.line->sent();
  node.provide(file);
  CHECK(node.line->sent() - before < kTalk);
  CHECK(node.holds(file));
}

TEST_CASE("upload: after a cut only the rest is sent, in the same run") {
  Node node;
  auto file = node.artifact(30 * kMiB);
  node.line->cut_at(20 * kMiB);
  node.provide(file);
  CHECK(node.holds(file));
  CHECK(node.line->connections() == 2);
  // What was in buffers at the cut is sent again.
  CHECK(node.line->sent() < 30 * kMiB + 5 * kMiB);
  CHECK(node.notes.find("the connection was lost; going on from where it was: ") !=
        std::string::npos);
  CHECK(node.files_in_store() == 2);
}

TEST_CASE("upload: after sshd was killed the next run sends the rest") {
  Node node;
  auto file = node.artifact(30 * kMiB);
  node.line->limit(30 * kMiB);
  std::stop_source stop;  // ends the waiting for an sshd that does not come back
  auto first = std::async(std::launch::async, [&] {
    NodeLinks links({node.sshd->options(), "d", &resources, stop.get_token()});
    CHECK_THROWS_AS(node.provide(links, file), Error);
  });
  while (node.bytes_in_store() < 12 * kMiB) std::this_thread::sleep_for(1ms);
  node.sshd->stop();
  stop.request_stop();
  first.get();
  CHECK_FALSE(fs::exists(node.stored(file)));

  TestSshd again;
  auto endpoint = again.endpoint();
  Proxy line(again.port());
  endpoint.port = line.port();
  NodeLinks links({again.options(), "d", &resources, {}});
  links.to("n-1", endpoint).provide(file);
  CHECK(node.holds(file));
  CHECK(line.sent() < 18 * kMiB + kTalk);
  CHECK(node.files_in_store() == 2);
}

TEST_CASE("upload: a line that falls silent is left, and what came over it is used") {
  Node node;
  auto file = node.artifact(30 * kMiB);
  node.line->fall_silent_at(20 * kMiB);
  node.provide(file);
  CHECK(node.holds(file));
  CHECK(node.line->connections() == 2);
  CHECK(node.line->sent() < 30 * kMiB + 5 * kMiB);
}

TEST_CASE("upload: a beginning of another file is not added to") {
  Node node;
  auto file = node.artifact(10 * kMiB);
  fs::create_directories("/opt/muster/store");
  write_file(node.stored(file).string() + ".raw.part", std::string(5 * kMiB, '?'));
  node.provide(file);
  CHECK(node.holds(file));
  CHECK(node.line->sent() > 10 * kMiB);
  CHECK(node.files_in_store() == 2);
}

TEST_CASE("upload: a stored file that was changed is replaced, and said") {
  Node node;
  auto file = node.artifact(3 * kMiB);
  node.provide(file);
  { std::fstream(node.stored(file), std::ios::in | std::ios::out) << "not what it was"; }
  auto before = node.line->sent();
  node.provide(file);
  CHECK(node.holds(file));
  CHECK(node.line->sent() - before > 3 * kMiB);
  CHECK(node.notes == "tool: the node's copy had been changed; it is replaced\n");
}

TEST_CASE("upload: on a slow line a file is packed, once for all nodes") {
  Node node;
  auto file = node.artifact(16 * kMiB, Packs::well);
  node.line->limit(kMiB);
  auto links = node.run();
  node.provide(*links, file);
  CHECK(node.holds(file));
  // Some of it went as it was, until it was clear that the line is slow.
  CHECK(node.line->sent() < 14 * kMiB);
  CHECK(node.files_in_store() == 2);
  CHECK(fs::exists(node.cache / "packed"));
  auto packed = fs::directory_iterator(node.cache / "packed")->path();
  auto made = fs::last_write_time(packed);

  // The next node of the run gets it packed from the first byte.
  fs::remove_all("/opt/muster/store");
  auto before = node.line->sent();
  auto endpoint = node.sshd->endpoint();
  endpoint.port = node.line->port();
  links->to("n-2", endpoint).provide(file);
  CHECK(node.holds(file));
  CHECK(node.line->sent() - before < fs::file_size(packed) + kTalk * 5);
  CHECK(fs::last_write_time(packed) == made);
}

TEST_CASE("upload: a packed file goes on where it was cut") {
  Node node;
  auto file = node.artifact(16 * kMiB, Packs::well);
  node.line->limit(kMiB);
  auto links = node.run();
  node.provide(*links, file);
  auto packed = fs::file_size(fs::directory_iterator(node.cache / "packed")->path());
  fs::remove_all("/opt/muster/store");
  links->forget("n-1");
  auto before = node.line->sent();
  node.line->cut_at(before + packed / 2);
  node.provide(*links, file);
  CHECK(node.holds(file));
  CHECK(node.line->connections() == 3);
  CHECK(node.line->sent() - before < packed + 3 * kMiB);
}

TEST_CASE("upload: a packed copy that is not the file is made no use of") {
  Node node;
  auto file = node.artifact(16 * kMiB, Packs::well);
  node.line->limit(kMiB);
  auto links = node.run();
  node.provide(*links, file);
  auto packed = fs::directory_iterator(node.cache / "packed")->path();
  write_file(
      packed,
      run_or_throw({"sh", "-c", "echo other | " + packed.extension().string().substr(1) + " -c"}));
  fs::remove_all("/opt/muster/store");
  links->forget("n-1");
  node.provide(*links, file);
  CHECK(node.holds(file));
  CHECK_FALSE(fs::exists(packed));
}

TEST_CASE("upload: two runs at once, and one of them sends") {
  Node node;
  auto file = node.artifact(30 * kMiB);
  node.line->limit(30 * kMiB);
  auto other = std::async(std::launch::async, [&] {
    while (node.line->sent() < 3 * kMiB) std::this_thread::sleep_for(1ms);
    auto endpoint = node.sshd->endpoint();
    endpoint.port = node.line->port();
    NodeLinks links({node.sshd->options(), "d", &resources, {}});
    links.to("n-1", endpoint).provide(file);
  });
  node.provide(file);
  other.get();
  CHECK(node.holds(file));
  CHECK(node.line->sent() < 31 * kMiB);
  CHECK(node.files_in_store() == 2);
}

TEST_CASE("upload: a node without room says so before anything is sent") {
  Node node;
  fs::create_directories("/opt/muster/store");
  REQUIRE(::mount("none", "/opt/muster/store", "tmpfs", 0, "size=4m") == 0);
  auto file = node.artifact(10 * kMiB);
  CHECK_THROWS_WITH_AS(
      node.provide(file),
      "cannot copy 'tool' to 'n-1': No space left on device: it takes 10 MB, and "
      "/opt/muster/store has 4 MB free\n  make room on the node, then run it again",
      Error);
  CHECK(node.line->sent() < kTalk);
  ::umount("/opt/muster/store");
}

TEST_CASE("upload: a file that is not what it should be is refused by the node") {
  Node node;
  auto file = node.artifact(kMiB);
  write_file(file.file, "damaged");
  CHECK_THROWS_WITH_AS(
      node.provide(file),
      ("cannot copy 'tool' to 'n-1': what came has the sha256 " + sha256("damaged") +
       "\n  see whether the file here is whole: muster artifacts verify")
          .c_str(),
      Error);
  CHECK(node.files_in_store() == 0);
}

TEST_CASE("upload: a node downloads what it can have elsewhere, and then it is not sent") {
  Node node;
  HttpServer web;
  auto file = node.artifact(10 * kMiB);
  web.serve("/tool", {node.content});
  file.url = web.url("/tool");
  file.node_downloads = NodeDownloads::first;
  node.provide(file);
  CHECK(node.holds(file));
  CHECK(node.line->sent() < kTalk);
  CHECK(web.requests() == std::vector<std::string>{"/tool"});
  CHECK(node.files_in_store() == 2);
}

TEST_CASE("upload: a host that does not answer, or has another file, is tried by one node") {
  Node node;
  HttpServer web;
  web.serve("/tool", {"an error page"});
  auto links = node.run();
  for (int count = 0; count < 3; ++count) {
    auto file = node.artifact(kMiB);
    file.url = web.url("/tool");
    file.node_downloads = NodeDownloads::first;
    node.provide(*links, file);
    CHECK(node.holds(file));
  }
  CHECK(web.requests().size() == 1);
  CHECK(node.notes == "tool: sent from here, since the node cannot download it: " +
                          web.url("/tool") + " has the sha256 " + sha256("an error page") + "\n");
}

TEST_CASE("upload: by itself a node downloads only when the line is slow") {
  Node node;
  HttpServer web;
  auto links = node.run();
  // Small: a busy machine may be slow too.
  auto file = node.artifact(4 * kMiB);
  web.serve("/tool", {node.content});
  file.url = web.url("/tool");
  node.provide(*links, file);
  CHECK(node.holds(file));
  CHECK(web.requests().empty());

  node.line->limit(kMiB);
  auto slow = node.artifact(30 * kMiB);
  web.serve("/slow", {node.content});
  slow.url = web.url("/slow");
  auto before = node.line->sent();
  links = node.run();
  node.provide(*links, slow);
  CHECK(node.holds(slow));
  CHECK(web.requests() == std::vector<std::string>{"/slow"});
  CHECK(node.line->sent() - before < 6 * kMiB);
}
