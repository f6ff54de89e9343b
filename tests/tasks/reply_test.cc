#include "provisioner/tasks/reply.h"

#include <doctest/doctest.h>

#include <vector>

using namespace muster;

namespace {

const std::string kNonce = "n0n5e";

struct Answer {
  std::vector<TaskReply> replies;
  ReplyParser parser{kNonce, [this](const TaskReply& reply) { replies.push_back(reply); }};

  explicit Answer(std::vector<std::string> pieces) {
    for (const auto& piece : pieces) parser.feed(piece);
  }
  Answer(const Answer&) = delete;

  std::string text() const {
    std::string out;
    for (const auto& reply : replies) {
      out += std::to_string(reply.index) + " " + reply.outcome + " " +
             std::to_string(reply.exit_code) + " " + std::to_string(reply.ms) + " [" +
             reply.command + "] [" + reply.output + "]\n";
    }
    if (parser.running()) out += "running " + std::to_string(*parser.running()) + "\n";
    if (parser.ended()) out += "ended\n";
    return out;
  }
};

std::string start(int index) { return kNonce + " start " + std::to_string(index) + "\n"; }

std::string done(int index, const std::string& outcome, const std::string& command = "",
                 const std::string& output = "") {
  return kNonce + " done " + std::to_string(index) + " " + outcome + " 0 12 " +
         std::to_string(command.size()) + " " + std::to_string(output.size()) + "\n" + command +
         output;
}

const std::string kEnd = kNonce + " end\n";

}  // namespace

TEST_CASE("reply: each task's frame becomes a reply") {
  Answer answer({start(0) + done(0, "unchanged") + start(1) + done(1, "changed", "", "made x\n") +
                 start(2) + kNonce + " done 2 failed 7 3400 4 5\nrun xwhy\n\n" + kEnd});
  CHECK(answer.text() ==
        "0 unchanged 0 12 [] []\n1 changed 0 12 [] [made x\n]\n2 failed 7 3400 [run ] "
        "[xwhy\n]\nended\n");
}

TEST_CASE("reply: the same replies come however the stream is cut") {
  auto stream = "Welcome!\n" + start(0) + done(0, "changed", "", "a " + kNonce + " start 9\nb") +
                "noise" + start(1) + "n0n5" +
                done(1, "failed", "cmd " + kNonce, kNonce + " end\n") + kEnd + "bye " + kNonce +
                " start 4\n";
  Answer whole({stream});
  CHECK(whole.text() ==
        "0 changed 0 12 [] [a n0n5e start 9\nb]\n1 failed 0 12 [cmd n0n5e] [n0n5e "
        "end\n]\nended\n");
  std::vector<std::string> bytes;
  for (char byte : stream) bytes.emplace_back(1, byte);
  CHECK(Answer(bytes).text() == whole.text());
  for (std::size_t at = 0; at <= stream.size(); ++at) {
    Answer cut({stream.substr(0, at), stream.substr(at)});
    CAPTURE(at);
    CHECK(cut.text() == whole.text());
    CHECK(cut.parser.noise() == whole.parser.noise());
  }
}

TEST_CASE("reply: a stream that ends early tells what was running") {
  auto stream = start(0) + done(0, "changed", "", "abc") + start(1) + done(1, "unchanged") + kEnd;
  Answer none({});
  CHECK(none.text() == "");
  CHECK(Answer({start(0)}).text() == "running 0\n");
  CHECK(Answer({start(0) + done(0, "changed", "", "abc").substr(0, 31)}).text() == "running 0\n");
  CHECK(Answer({start(0) + done(0, "unchanged")}).text() == "0 unchanged 0 12 [] []\n");
  for (std::size_t at = 0; at < stream.size(); ++at) {
    CHECK_FALSE(Answer({stream.substr(0, at)}).parser.ended());
  }
}

TEST_CASE("reply: what is not ours is kept aside, the last of it") {
  Answer answer({"motd\n" + start(0) + "profile says hi\n" + done(0, "unchanged") + kEnd});
  CHECK(answer.text() == "0 unchanged 0 12 [] []\nended\n");
  CHECK(answer.parser.noise() == "motd\nprofile says hi\n");
  Answer endless({std::string(100'000, 'x') + "end of it\n"});
  CHECK(endless.parser.noise().size() == 4096);
  CHECK(endless.parser.noise().ends_with("xxend of it\n"));
}

TEST_CASE("reply: frames that no script sends are noise") {
  for (const auto& frame : std::vector<std::string>{
           kNonce + " done 0 changed 0 12 0\n", kNonce + " done 0 perhaps 0 12 0 0\n",
           kNonce + " done 0 changed 0 12 0 -1\n", kNonce + " done 0 changed 0 12 0 99999999\n",
           kNonce + " done 0 changed 0 12 0 99999999999999999999\n",
           kNonce + " done 5 changed 0 12 0 0\n", kNonce + " start x\n", kNonce + " start\n",
           kNonce + " stop\n", kNonce + " \n", kNonce + " " + std::string(1000, 'y') + "\n"}) {
    CAPTURE(frame);
    Answer answer({start(0) + frame + done(0, "unchanged") + kEnd});
    CHECK(answer.text() == "0 unchanged 0 12 [] []\nended\n");
    CHECK(answer.parser.noise() == frame);
  }
  // Nothing is done that was not begun, and nothing after the end.
  CHECK(Answer({done(0, "changed")}).text() == "");
  CHECK(Answer({kEnd + start(0) + done(0, "changed")}).text() == "ended\n");
}

TEST_CASE("reply: an output of the greatest size says that it was cut in the middle") {
  std::string output = std::string(32768, 'a') + std::string(32768, 'b');
  Answer answer({start(0) + done(0, "changed", "", output) + kEnd});
  REQUIRE(answer.replies.size() == 1);
  CHECK(answer.replies[0].output ==
        std::string(32768, 'a') + "\n[... cut here ...]\n" + std::string(32768, 'b'));
  CHECK(answer.parser.ended());
  output.pop_back();
  Answer shorter({start(0) + done(0, "changed", "", output) + kEnd});
  CHECK(shorter.replies.at(0).output == output);
}
