#include "provisioner/tasks/store_script.h"

#include <doctest/doctest.h>

#include "provisioner/base/error.h"
#include "provisioner/base/process.h"
#include "provisioner/base/text.h"
#include "tests/shells/sandbox.h"
#include "tests/tasks/nonce.h"

using namespace muster;
using namespace muster::testing;
namespace fs = std::filesystem;

namespace {

std::string sum_of(const std::string& bytes) {
  ProcessSpec spec;
  spec.argv = {"sha256sum"};
  spec.input = bytes;
  return run_or_throw(spec).substr(0, 64);
}

/// Incompressible enough that a part is never the whole, and of no round size.
std::string make_content(std::size_t size = 300'001) {
  std::string content(size, '\0');
  std::uint32_t state = 1;
  for (auto& byte : content) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>(state >> 24);
  }
  return content;
}

std::string packed(const std::string& program, const std::string& content) {
  ProcessSpec spec;
  spec.argv = {program, "-c"};
  spec.input = content;
  return run_or_throw(spec);
}

/// A node with a shell and the programs that uploads need.
class StoreNode : public Sandbox {
 public:
  explicit StoreNode(const std::string& shell)
      : Sandbox(shell == "busybox" ? Flavour::busybox : Flavour::dash) {
    fs::create_symlink(std::string("/host/bin/") + (shell == "busybox" ? "busybox" : "gzip"),
                       *this / "usr/bin/gzip");
    if (shell == "bash") {
      fs::remove(*this / "usr/bin/sh");
      fs::create_symlink("/host/bin/bash", *this / "usr/bin/sh");
    }
    place.sha256 = sum_of(content);
    place.run = "r1";
    place.stalled = 1;
  }

  StoreAnswer ask() {
    ++place.attempt;
    auto ran = run(ask_store_script(place, kNonce), kNonce);
    CHECK(ran.error_output == "");
    CHECK(ran.exit_code == 0);
    return parse_store_answer(ran.output, kNonce);
  }

  /// As over SSH: the script, then `bytes`, then the end of the input.
  Ran receive(const std::string& bytes, WireForm form, std::size_t total, std::size_t offset = 0) {
    ++place.attempt;
    auto script = receive_script({place, form, total, offset});
    write_file(*this / "input", script + bytes);
    auto command = from_stdin("sh", script) + " </input\n";
    return run(command, kNonce);
  }
  Ran receive(const std::string& bytes) { return receive(bytes, WireForm::raw, content.size()); }

  fs::path in_store(const std::string& end = "") const {
    return *this / ("opt/muster/store/" + place.sha256 + end);
  }
  /// Names in the store, without the sha256, a space before each.
  std::string listing() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(*this / "opt/muster/store")) {
      names.insert(entry.path().filename().string());
    }
    std::string text;
    for (const auto& name : names) {
      text += " " + (name.rfind(place.sha256, 0) == 0 ? "S" + name.substr(64) : name);
    }
    return text;
  }

  std::string content = make_content();
  StorePlace place;
};

const char* const kShells[] = {"dash", "bash", "busybox"};

}  // namespace

TEST_CASE("store: an answer is what came before its end") {
  auto answer = parse_store_answer(
      "motd\n" + kNonce + " part=gzip 12 ab\nx=y\n" + kNonce + " part=none 1 2\n" + kNonce +
          " tool=curl\r\n" + kNonce + " free=7 1024\n" + kNonce + " end\n" + kNonce + " has=true\n",
      kNonce);
  CHECK_FALSE(answer.has);
  CHECK(answer.free == 7 * 1024);
  CHECK(answer.tools == std::set<std::string>{"curl"});
  CHECK(answer.parts.size() == 1);
  CHECK(answer.parts.at(WireForm::gzip).size == 12);
  CHECK_THROWS_AS(parse_store_answer(kNonce + " has=true\n", kNonce), Error);
}

TEST_SUITE_BEGIN("needs root" * doctest::skip(!Sandbox::possible()));

TEST_CASE("store: a file comes whole, executable, and is known from then on") {
  for (const char* shell : kShells) {
    CAPTURE(shell);
    StoreNode node(shell);
    auto asked = node.ask();
    CHECK_FALSE(asked.has);
    CHECK(asked.parts.empty());
    CHECK(asked.tools.count("gzip") == 1);
    CHECK(asked.tools.count("curl") == 0);
    CHECK(asked.free > 0);
    CHECK(asked.free < UINT64_MAX);
    auto ran = node.receive(node.content);
    CHECK(ran.error_output == "");
    CHECK(ran.exit_code == 0);
    CHECK(read_file(node.in_store()) == node.content);
    CHECK((fs::status(node.in_store()).permissions() & fs::perms::mask) == fs::perms{0755});
    CHECK(node.listing() == " .checked S");
    CHECK(node.ask().has);
  }
}

TEST_CASE("store: an empty file is a file too") {
  StoreNode node("dash");
  node.content = "";
  node.place.sha256 = sum_of("");
  CHECK(node.receive("").exit_code == 0);
  CHECK(node.ask().has);
}

TEST_CASE("store: what came before a cut is kept, and the rest is added to it") {
  for (const char* shell : kShells) {
    CAPTURE(shell);
    StoreNode node(shell);
    auto begun = node.content.substr(0, 100'003);
    CHECK(node.receive(begun).exit_code == kReceivedCut);
    CHECK(node.listing() == " S.raw.part");
    auto part = node.ask().parts.at(WireForm::raw);
    CHECK(part.size == begun.size());
    CHECK(part.sha256 == sum_of(begun));
    // Cut again.
    CHECK(node.receive(node.content.substr(100'003, 7), WireForm::raw, node.content.size(), 100'003)
              .exit_code == kReceivedCut);
    auto ran = node.receive(node.content.substr(100'010), WireForm::raw, node.content.size(),
                            node.ask().parts.at(WireForm::raw).size);
    CHECK(ran.error_output == "");
    CHECK(ran.exit_code == 0);
    CHECK(read_file(node.in_store()) == node.content);
    CHECK(node.listing() == " .checked S");
  }
}

TEST_CASE("store: a beginning of something else ends with the wrong sha256, and goes") {
  for (const char* shell : kShells) {
    CAPTURE(shell);
    StoreNode node(shell);
    write_file(node.in_store(".raw.part"), std::string(1000, 'x'));
    CHECK(node.ask().parts.at(WireForm::raw).sha256 == sum_of(std::string(1000, 'x')));
    auto ran = node.receive(node.content.substr(1000), WireForm::raw, node.content.size(), 1000);
    CHECK(ran.exit_code == kReceivedWrong);
    auto wrong = sum_of(std::string(1000, 'x') + node.content.substr(1000));
    CHECK(ran.error_output == "what came has the sha256 " + wrong + "\n");
    CHECK(node.listing() == "");
    // Sent anew from the start, a part that is there does not matter.
    write_file(node.in_store(".raw.part"), "x");
    CHECK(node.receive(node.content).exit_code == 0);
    CHECK(node.listing() == " .checked S");
  }
}

TEST_CASE("store: a part that another run took meanwhile is not written to") {
  for (const char* shell : kShells) {
    CAPTURE(shell);
    StoreNode node(shell);
    CHECK(node.receive("rest", WireForm::raw, node.content.size(), 1000).exit_code ==
          kReceiveAgain);
    write_file(node.in_store(".raw.part"), std::string(1001, 'x'));
    CHECK(node.receive("rest", WireForm::raw, node.content.size(), 1000).exit_code ==
          kReceiveAgain);
  }
}

TEST_CASE("store: a packed file is unpacked and checked, also after a cut") {
  for (const char* shell : kShells) {
    CAPTURE(shell);
    StoreNode node(shell);
    auto wire = packed("gzip", node.content);
    CHECK(node.receive(wire.substr(0, 5000), WireForm::gzip, wire.size()).exit_code ==
          kReceivedCut);
    CHECK(node.listing() == " S.gzip.part");
    CHECK(node.ask().parts.at(WireForm::gzip).sha256 == sum_of(wire.substr(0, 5000)));
    auto ran = node.receive(wire.substr(5000), WireForm::gzip, wire.size(), 5000);
    CHECK(ran.error_output == "");
    CHECK(ran.exit_code == 0);
    CHECK(read_file(node.in_store()) == node.content);
    CHECK(node.listing() == " .checked S");

    auto other = packed("gzip", "something else");
    fs::remove(node.in_store());
    CHECK(node.receive(other, WireForm::gzip, other.size()).exit_code == kReceivedWrong);
    CHECK(node.receive("no gzip at all", WireForm::gzip, 14).exit_code == kReceivedWrong);
    CHECK(node.listing() == " .checked");
  }
}

TEST_CASE("store: a file that changed under its name is found out") {
  for (const char* shell : kShells) {
    CAPTURE(shell);
    StoreNode node(shell);
    REQUIRE(node.receive(node.content).exit_code == 0);
    auto changed = node.content;
    changed[200'000] ^= 1;
    auto time = fs::last_write_time(node.in_store());
    { std::fstream(node.in_store(), std::ios::in | std::ios::out) << changed; }
    fs::last_write_time(node.in_store(), time);
    auto asked = node.ask();
    CHECK(asked.damaged);
    CHECK_FALSE(asked.has);
    CHECK_FALSE(fs::exists(node.in_store()));

    // Its content is right, and only its times are others: it stays.
    write_file(node.in_store(), node.content);
    CHECK(node.ask().has);
    CHECK(node.ask().has);
  }
}

TEST_CASE("store: a full disk is said in the node's words, and leaves nothing") {
  for (const char* shell : kShells) {
    CAPTURE(shell);
    StoreNode node(shell);
    REQUIRE(::mount("none", (node / "opt/muster/store").c_str(), "tmpfs", 0, "size=128k") == 0);
    CHECK(node.ask().free <= 128 << 10);
    for (auto form : {WireForm::raw, WireForm::gzip}) {
      auto ran = node.receive(node.content, form, node.content.size());
      CHECK(ran.exit_code == 73);
      CHECK(ran.error_output.find("No space left on device") != std::string::npos);
      CHECK(ran.error_output.find("cannot write to /opt/muster/store\n") != std::string::npos);
      CHECK(node.listing() == "");
    }
    // There is room for the packed file and none for the other.
    node.content = std::string(300'000, 'x');
    node.place.sha256 = sum_of(node.content);
    auto wire = packed("gzip", node.content);
    auto ran = node.receive(wire, WireForm::gzip, wire.size());
    CHECK(ran.exit_code == 73);
    CHECK(ran.error_output.find("No space left on device") != std::string::npos);
    CHECK(node.listing() == "");
  }
}

TEST_CASE("store: what another run is writing is waited for") {
  for (const char* shell : kShells) {
    CAPTURE(shell);
    StoreNode node(shell);
    node.place.run = "r2";
    node.place.attempt = 1;
    auto mine = ".raw.part.r2-1";
    // The other run: writes for as long as it takes us to see that it does, then is done.
    write_file(node.in_store(mine), "");
    auto writer = node.start(
        "cd /opt/muster/store; i=0\n"
        "while [ $i -lt 8 ]; do echo more >>*.r2-1; sleep 0.3; i=$((i + 1)); done\n"
        "cp /content new && mv new " +
        node.place.sha256 + " && rm *.r2-1\n");
    write_file(node / "content", node.content);
    node.place.run = "r1";
    node.place.stalled = 30;
    CHECK(node.ask().has);
    CHECK(node.finish(writer, kNonce).exit_code == 0);
  }
}

TEST_CASE("store: what dead uploads have left is taken over, the longest of it") {
  for (const char* shell : kShells) {
    CAPTURE(shell);
    StoreNode node(shell);
    write_file(node.in_store(".raw.part.r0-3"), node.content.substr(0, 5000));
    write_file(node.in_store(".raw.part.r1-0"), node.content.substr(0, 7000));
    write_file(node.in_store(".raw.part"), node.content.substr(0, 600));
    write_file(node.in_store(".gzip.out.r0-4"), "half");
    CHECK(node.ask().parts.at(WireForm::raw).size == 7000);
    CHECK(node.listing() == " S.raw.part");
  }
}

TEST_CASE(
    "store: an upload of our own run is taken over at once, others' only when they are dead") {
  StoreNode node("dash");
  node.place.patience = 0;
  write_file(node.in_store(".raw.part.r0-3"), node.content.substr(0, 9000));
  write_file(node.in_store(".raw.part.r1-0"), node.content.substr(0, 7000));
  CHECK(node.ask().parts.at(WireForm::raw).size == 7000);
  CHECK(node.listing() == " S.raw.part S.raw.part.r0-3");
}

TEST_CASE("store: of two uploads at once both end well") {
  for (const char* shell : kShells) {
    CAPTURE(shell);
    StoreNode node(shell);
    auto start = [&](const std::string& run) {
      node.place.run = run;
      auto script = receive_script({node.place, WireForm::raw, node.content.size(), 0});
      write_file(node / ("input." + run), script + node.content);
      return node.start("{ head -c " + std::to_string(script.size() + 1000) + "; : >/begun." + run +
                        "; until [ -e /go ]; do sleep 0.05; done; cat; } </input." + run + " | " +
                        from_stdin("sh", script) + "\n");
    };
    auto one = start("r1");
    auto two = start("r2");
    while (!fs::exists(node.in_store(".raw.part.r1-0")) ||
           !fs::exists(node.in_store(".raw.part.r2-0"))) {
      ::usleep(2000);
    }
    write_file(node / "go", "");
    auto first = node.finish(one, kNonce).exit_code;
    auto second = node.finish(two, kNonce).exit_code;
    // The one that ends first removes what the other wrote: that one is to ask, and finds it there.
    CHECK((first == 0 || first == kReceiveAgain));
    CHECK((second == 0 || second == kReceiveAgain));
    CHECK(read_file(node.in_store()) == node.content);
    CHECK(node.ask().has);
    CHECK(node.listing() == " .checked S");
  }
}

TEST_CASE("store: an upload whose file another removes while it is read asks anew") {
  StoreNode node("dash");
  fs::remove(node / "usr/bin/gzip");
  node.add_program("gzip", "/host/bin/gzip \"$@\"; rm -f /opt/muster/store/*.gzip.*");
  auto wire = packed("gzip", node.content);
  CHECK(node.receive(wire, WireForm::gzip, wire.size()).exit_code == kReceiveAgain);
  CHECK(node.listing() == "");
}

TEST_CASE("store: nothing of an upload is done when its script is cut") {
  StoreNode node("dash");
  auto script = receive_script({node.place, WireForm::raw, node.content.size(), 0});
  auto command = from_stdin("sh", script);
  for (std::size_t at = 0; at + 2 < script.size(); at += 53) {
    write_file(node / "input", script.substr(0, at));
    node.run(command + " </input\n", kNonce);
    CHECK(node.listing() == "");
  }
}

TEST_CASE("store: a node downloads with what it has, and checks what came") {
  for (const char* shell : kShells) {
    for (const char* tool : {"curl", "wget"}) {
      CAPTURE(shell);
      CAPTURE(tool);
      // busybox runs its own wget and never ours.
      if (std::string(shell) == "busybox" && std::string(tool) == "wget") continue;
      StoreNode node(shell);
      node.add_program(tool,
                       "while [ $# -gt 1 ]; do case $1 in -o | -O) out=$2 ;; --spider) exit 0;; "
                       "esac; shift; done\n"
                       "[ \"$1\" = 'https://example.org/a b' ] && cat /content >\"$out\"\n");
      write_file(node / "content", node.content);
      CHECK(node.ask().tools.count(tool) == 1);
      auto ran = node.run(fetch_script(node.place, "https://example.org/a b", 60), kNonce);
      CHECK(ran.error_output == "");
      CHECK(ran.exit_code == 0);
      CHECK(read_file(node.in_store()) == node.content);

      fs::remove(node.in_store());
      write_file(node / "content", "an error page");
      ran = node.run(fetch_script(node.place, "https://example.org/a b", 60), kNonce);
      CHECK(ran.exit_code == kReceivedWrong);
      CHECK(node.listing() == " .checked");
      ran = node.run(fetch_script(node.place, "https://example.org/none", 60), kNonce);
      CHECK(ran.exit_code == 75);
      CHECK(ran.error_output == "cannot download https://example.org/none\n");
      CHECK(node.listing() == " .checked");
    }
  }
}

TEST_SUITE_END();
