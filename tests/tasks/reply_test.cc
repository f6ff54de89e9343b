#include "provisioner/tasks/reply.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <vector>

using namespace muster;

namespace {

const std::string kReplyNonce = "n0n5e";

struct Answered {
  std::vector<TaskReply> replies;
  ReplyParser parser{kReplyNonce, [this](const TaskReply& reply) { replies.push_back(reply); }};

  explicit Answered(std::vector<std::string> pieces) {
    for (const auto& piece : pieces) parser.feed(piece);
  }
  Answered(const Answered&) = delete;

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

std::string start(int index) { return kReplyNonce + " start " + std::to_string(index) + "\n"; }

std::string done(int index, const std::string& outcome, const std::string& command = "",
                 const std::string& output = "") {
  return kReplyNonce + " done " + std::to_string(index) + " " + outcome + " 0 12 " +
         std::to_string(command.size()) + " " + std::to_string(output.size()) + "\n" + command +
         output;
}

const std::string kEnd = kReplyNonce + " end\n";

/// Pieces that a hostile node could put together: parts of frames, frames, anything.
rc::Gen<std::string> hostile_piece() {
  auto number = rc::gen::map(rc::gen::inRange(-1, 4), [](int n) { return std::to_string(n); });
  auto frame = rc::gen::map(
      rc::gen::tuple(rc::gen::inRange(0, 3),
                     rc::gen::elementOf(std::vector<std::string>{"changed", "unchanged", "failed"}),
                     rc::gen::arbitrary<std::string>(), rc::gen::arbitrary<std::string>()),
      [](const auto& parts) {
        return done(std::get<0>(parts), std::get<1>(parts), std::get<2>(parts), std::get<3>(parts));
      });
  auto word = rc::gen::elementOf(std::vector<std::string>{
      kReplyNonce, kReplyNonce + " ", "n0n", "5e ", "start ", "done ", "changed", "failed", "end",
      "end\n", "\n", " ", "65536", "65537", "99999999999999999999", std::string(1, '\0'),
      "\xff\xfe", kEnd, std::string(300, 'y')});
  auto begun = rc::gen::map(rc::gen::inRange(0, 3), [](int n) { return start(n); });
  return rc::gen::oneOf(word, number, frame, begun, rc::gen::arbitrary<std::string>());
}

std::string joined(const std::vector<std::string>& pieces) {
  std::string stream;
  for (const auto& piece : pieces) stream += piece;
  return stream;
}

}  // namespace

TEST_CASE("reply: whatever a node sends, it means the same however it is cut") {
  CHECK(rc::check([] {
    auto stream = joined(*rc::gen::container<std::vector<std::string>>(hostile_piece()));
    auto cuts = *rc::gen::container<std::vector<int>>(rc::gen::inRange(1, 40));
    Answered whole({stream});
    std::vector<std::string> pieces;
    std::size_t at = 0;
    for (auto cut : cuts) {
      pieces.push_back(stream.substr(std::min(at, stream.size()), static_cast<std::size_t>(cut)));
      at += static_cast<std::size_t>(cut);
    }
    pieces.push_back(stream.substr(std::min(at, stream.size())));
    Answered cut(pieces);
    RC_ASSERT(cut.text() == whole.text());
    RC_ASSERT(cut.parser.noise() == whole.parser.noise());
    RC_ASSERT(cut.parser.noise().size() <= 4096U);
    for (const auto& reply : whole.replies) RC_ASSERT(reply.output.size() <= 70'000U);
  }));
}

TEST_CASE("reply: without the nonce nothing is a reply") {
  CHECK(rc::check([] {
    auto stream = joined(*rc::gen::container<std::vector<std::string>>(hostile_piece()));
    for (auto at = stream.find(kReplyNonce); at != std::string::npos;
         at = stream.find(kReplyNonce)) {
      stream[at] = 'm';
    }
    Answered answer({stream});
    RC_ASSERT(answer.text().empty());
  }));
}

TEST_CASE("reply: a good stream is read to its end, whatever the tasks printed") {
  CHECK(rc::check([](const std::vector<std::pair<std::string, std::string>>& tasks) {
    std::string stream = "a chatty profile\n";
    std::string wanted;
    int index = 0;
    for (const auto& [noise, output] : tasks) {
      RC_PRE(noise.find(kReplyNonce) == std::string::npos);
      stream += noise + "\n" + start(index) + done(index, "changed", kReplyNonce, output);
      wanted += std::to_string(index++) + " changed 0 12 [" + kReplyNonce + "] [" + output + "]\n";
    }
    RC_ASSERT(Answered({stream + kEnd}).text() == wanted + "ended\n");
  }));
}

TEST_CASE("reply: what the parser holds is bounded, whatever comes") {
  // A frame that promises the most, and one line that never ends: both wait for more.
  Answered answer({start(0) + kReplyNonce + " done 0 changed 0 1 65536 65536\n"});
  std::string flood(1 << 20, 'x');
  for (int i = 0; i < 64; ++i) answer.parser.feed(flood);
  CHECK(answer.replies.size() == 1);
  CHECK(answer.parser.held() <= 4096 + 64);
  answer.parser.feed(kReplyNonce + " start ");
  for (int i = 0; i < 64; ++i) answer.parser.feed(flood);
  CHECK(answer.parser.held() <= 4096 + 64);
  Answered waiting({start(0) + kReplyNonce + " done 0 changed 0 1 65536 65536\n"});
  for (int i = 0; i < 131'071; ++i) waiting.parser.feed("x");
  CHECK(waiting.replies.empty());
  CHECK(waiting.parser.held() <= (128 << 10) + 4096 + 256);
}

TEST_CASE("reply: when a task's answer was lost there is no good end") {
  auto torn = done(0, "failed", "", "why");
  torn.replace(torn.find("failed"), 6, "fai\nled");
  Answered answer({start(0) + torn + kEnd});
  CHECK(answer.text() == "running 0\n");
  CHECK(Answered({start(0) + torn + start(1) + done(1, "unchanged") + kEnd}).text() ==
        "running 0\n");
}

TEST_CASE("reply: each task's frame becomes a reply") {
  Answered answer({start(0) + done(0, "unchanged") + start(1) + done(1, "changed", "", "made x\n") +
                   start(2) + kReplyNonce + " done 2 failed 7 3400 4 5\nrun xwhy\n\n" + kEnd});
  CHECK(answer.text() ==
        "0 unchanged 0 12 [] []\n1 changed 0 12 [] [made x\n]\n2 failed 7 3400 [run ] "
        "[xwhy\n]\nended\n");
}

TEST_CASE("reply: the same replies come however the stream is cut") {
  auto stream = "Welcome!\n" + start(0) +
                done(0, "changed", "", "a " + kReplyNonce + " start 9\nb") + "noise" + start(1) +
                "n0n5" + done(1, "failed", "cmd " + kReplyNonce, kReplyNonce + " end\n") + kEnd +
                "bye " + kReplyNonce + " start 4\n";
  Answered whole({stream});
  CHECK(whole.text() ==
        "0 changed 0 12 [] [a n0n5e start 9\nb]\n1 failed 0 12 [cmd n0n5e] [n0n5e "
        "end\n]\nended\n");
  std::vector<std::string> bytes;
  for (char byte : stream) bytes.emplace_back(1, byte);
  CHECK(Answered(bytes).text() == whole.text());
  for (std::size_t at = 0; at <= stream.size(); ++at) {
    Answered cut({stream.substr(0, at), stream.substr(at)});
    CAPTURE(at);
    CHECK(cut.text() == whole.text());
    CHECK(cut.parser.noise() == whole.parser.noise());
  }
}

TEST_CASE("reply: a stream that ends early tells what was running") {
  auto stream = start(0) + done(0, "changed", "", "abc") + start(1) + done(1, "unchanged") + kEnd;
  Answered none({});
  CHECK(none.text() == "");
  CHECK(Answered({start(0)}).text() == "running 0\n");
  CHECK(Answered({start(0) + done(0, "changed", "", "abc").substr(0, 31)}).text() == "running 0\n");
  CHECK(Answered({start(0) + done(0, "unchanged")}).text() == "0 unchanged 0 12 [] []\n");
  for (std::size_t at = 0; at < stream.size(); ++at) {
    CHECK_FALSE(Answered({stream.substr(0, at)}).parser.ended());
  }
}

TEST_CASE("reply: what is not ours is kept aside, the last of it") {
  Answered answer({"motd\n" + start(0) + "profile says hi\n" + done(0, "unchanged") + kEnd});
  CHECK(answer.text() == "0 unchanged 0 12 [] []\nended\n");
  CHECK(answer.parser.noise() == "motd\nprofile says hi\n");
  Answered endless({std::string(100'000, 'x') + "end of it\n"});
  CHECK(endless.parser.noise().size() == 4096);
  CHECK(endless.parser.noise().ends_with("xxend of it\n"));
}

TEST_CASE("reply: frames that no script sends are noise") {
  for (const auto& frame : std::vector<std::string>{
           kReplyNonce + " done 0 changed 0 12 0\n", kReplyNonce + " done 0 perhaps 0 12 0 0\n",
           kReplyNonce + " done 0 changed 0 12 0 -1\n",
           kReplyNonce + " done 0 changed 0 12 0 99999999\n",
           kReplyNonce + " done 0 changed 0 12 0 99999999999999999999\n",
           kReplyNonce + " done 5 changed 0 12 0 0\n", kReplyNonce + " start x\n",
           kReplyNonce + " start\n", kReplyNonce + " stop\n", kReplyNonce + " \n",
           kReplyNonce + " " + std::string(1000, 'y') + "\n"}) {
    CAPTURE(frame);
    Answered answer({start(0) + frame + done(0, "unchanged") + kEnd});
    CHECK(answer.text() == "0 unchanged 0 12 [] []\nended\n");
    CHECK(answer.parser.noise() == frame);
  }
  // Nothing is done that was not begun, and nothing after the end.
  CHECK(Answered({done(0, "changed")}).text() == "");
  CHECK(Answered({kEnd + start(0) + done(0, "changed")}).text() == "ended\n");
}

TEST_CASE("reply: an output of the greatest size says that it was cut in the middle") {
  std::string output = std::string(32768, 'a') + std::string(32768, 'b');
  Answered answer({start(0) + done(0, "changed", "", output) + kEnd});
  REQUIRE(answer.replies.size() == 1);
  CHECK(answer.replies[0].output ==
        std::string(32768, 'a') + "\n[... cut here ...]\n" + std::string(32768, 'b'));
  CHECK(answer.parser.ended());
  output.pop_back();
  Answered shorter({start(0) + done(0, "changed", "", output) + kEnd});
  CHECK(shorter.replies.at(0).output == output);
}
