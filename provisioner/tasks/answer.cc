#include "provisioner/tasks/answer.h"

#include "provisioner/base/text.h"

namespace muster {

namespace {

/// Much more than all facts of a node with hundreds of artifacts.
constexpr std::size_t kLongestAnswer = 1 << 20;

}  // namespace

void Answer::feed(std::string_view bytes) {
  if (whole_) return;
  text_ += bytes;
  // Whatever a login file printed before is not needed.
  if (auto ours = text_.find(nonce_ + " "); ours != std::string::npos) {
    text_.erase(0, ours);
    whole_ = text_.find(nonce_ + " end\n") != std::string::npos;
  }
  if (text_.size() > kLongestAnswer) text_.erase(0, text_.size() - kLongestAnswer / 2);
}

bool read_answer(
    std::string_view text, const std::string& nonce,
    const std::function<void(const std::string& key, const std::string& value)>& take) {
  for (const auto& line : split(text, '\n')) {
    auto ours = line.find(nonce + " ");
    if (ours == std::string::npos) continue;
    auto said = line.substr(ours + nonce.size() + 1);
    if (said == "end") return true;
    auto equals = said.find('=');
    if (equals != std::string::npos) take(said.substr(0, equals), trim(said.substr(equals + 1)));
  }
  return false;
}

}  // namespace muster
