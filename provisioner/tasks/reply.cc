#include "provisioner/tasks/reply.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "provisioner/base/text.h"

namespace muster {

namespace {

constexpr std::size_t kNoise = 4096;
/// No frame's first line is as long as this.
constexpr std::size_t kLongestLine = 256;
/// What the script sends of a task at most: the head and the tail of its output.
constexpr std::size_t kOutput = 64 * 1024;

template <typename Number>
bool read_number(const std::string& text, Number& number) {
  const char* end = text.data() + text.size();
  auto [stopped, failure] = std::from_chars(text.data(), end, number);
  return failure == std::errc() && stopped == end && number >= 0;
}

/// The script keeps the first and the last half of a long output: say that the middle is gone.
std::string mark_cut(std::string output) {
  if (output.size() == kOutput) output.insert(kOutput / 2, "\n[... cut here ...]\n");
  return output;
}

/// The size of the end of `bytes` that may be the first part of `nonce`.
std::size_t begun(std::string_view bytes, std::string_view nonce) {
  auto size = std::min(bytes.size(), nonce.size() - 1);
  while (size > 0 && !nonce.starts_with(bytes.substr(bytes.size() - size))) --size;
  return size;
}

}  // namespace

ReplyParser::ReplyParser(std::string nonce, std::function<void(const TaskReply&)> on_reply)
    : nonce_(std::move(nonce) + " "), on_reply_(std::move(on_reply)) {}

void ReplyParser::feed(std::string_view bytes) {
  buffer_ += bytes;
  parse();
}

void ReplyParser::parse() {
  for (;;) {
    auto ours = buffer_.find(nonce_);
    if (ours == std::string::npos) {
      auto keep = begun(buffer_, nonce_);
      keep_noise(std::string_view(buffer_).substr(0, buffer_.size() - keep));
      buffer_.erase(0, buffer_.size() - keep);
      return;
    }
    keep_noise(std::string_view(buffer_).substr(0, ours));
    buffer_.erase(0, ours);
    if (!parse_frame()) return;
  }
}

/// Takes the frame at the start of the buffer; false when more bytes are needed.
bool ReplyParser::parse_frame() {
  auto newline = buffer_.find('\n');
  if (newline == std::string::npos && buffer_.size() < kLongestLine) return false;
  newline = std::min(newline, kLongestLine);
  auto line = buffer_.substr(nonce_.size(), newline - nonce_.size());
  if (line.starts_with("done ") && !ended_) return take_done(line, newline + 1);
  int index = 0;
  bool known = true;
  if (ended_) {
    known = false;
  } else if (running_) {
    // Its answer was lost in a broken stream. It may have failed, so there is no good end any more.
    known = false;
  } else if (line == "end") {
    ended_ = true;
  } else if (line.starts_with("start ") && read_number(line.substr(6), index)) {
    running_ = index;
  } else {
    known = false;
  }
  auto taken = known ? newline + 1 : nonce_.size();
  if (!known) keep_noise(std::string_view(buffer_).substr(0, taken));
  buffer_.erase(0, taken);
  return true;
}

bool ReplyParser::take_done(std::string_view line, std::size_t body) {
  auto words = split(line, ' ');
  TaskReply reply;
  std::size_t command = 0;
  std::size_t output = 0;
  bool good = words.size() == 7 && read_number(words[1], reply.index) &&
              (words[2] == "changed" || words[2] == "unchanged" || words[2] == "failed") &&
              read_number(words[3], reply.exit_code) && read_number(words[4], reply.ms) &&
              read_number(words[5], command) && read_number(words[6], output) &&
              command <= kOutput && output <= kOutput && running_ == reply.index;
  if (!good) {
    keep_noise(std::string_view(buffer_).substr(0, nonce_.size()));
    buffer_.erase(0, nonce_.size());
    return true;
  }
  if (buffer_.size() < body + command + output) return false;
  reply.outcome = words[2];
  reply.command = buffer_.substr(body, command);
  reply.output = mark_cut(buffer_.substr(body + command, output));
  buffer_.erase(0, body + command + output);
  running_.reset();
  on_reply_(reply);
  return true;
}

void ReplyParser::keep_noise(std::string_view bytes) {
  noise_ += bytes.substr(bytes.size() > kNoise ? bytes.size() - kNoise : 0);
  if (noise_.size() > kNoise) noise_.erase(0, noise_.size() - kNoise);
}

}  // namespace muster
